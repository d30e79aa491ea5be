import type { ResolvedStates } from "./image-config/base-image.ts";
import { invalidOp } from "./invalid-op.ts";
import type { DeferredVertex, FileVertex, Output, Vertex } from "./vertex.ts";

/** The outputs that a vertex needs, in the order in which Go's client visits them. */
function vertexInputs(vertex: Vertex, states: ResolvedStates | undefined): readonly Output[] {
  switch (vertex.kind) {
    case "source":
      return [];
    case "exec":
      return vertex.mounts.flatMap(({ source }) => (source === undefined ? [] : [source]));
    case "file":
      return fileInputs(vertex);
    case "build":
      return [vertex.source];
    case "deferred":
      return deferredInputs(vertex, states);
    case "diff":
      return [vertex.lower, vertex.upper].filter((side) => side !== undefined);
    default:
      return vertex.inputs;
  }
}

function fileInputs({ base, actions }: FileVertex): readonly Output[] {
  const inputs: Output[] = base === undefined ? [] : [base];
  for (let index = actions.length - 1; index >= 0; index--) {
    const action = actions[index];
    if (action?.kind === "copy" && action.source !== undefined) inputs.push(action.source);
  }
  return inputs;
}

/** What took its place; else what it will be made from. */
function deferredInputs(vertex: DeferredVertex, states: ResolvedStates | undefined): readonly Output[] {
  const resolved = states?.get(vertex);
  if (resolved !== undefined) return [resolved.output];
  const inputs = vertex.made.kind === "frontend" ? Object.values(vertex.made.inputs) : [];
  return inputs.flatMap(({ output }) => (output === undefined ? [] : [output]));
}

/**
 * Every vertex that a vertex needs, and itself: each once, inputs first. A deferred one that is resolved needs what took
 * its place. Does not use the stack, however deep.
 */
export function* walkVertices(root: Vertex, states?: ResolvedStates): Generator<Vertex> {
  const done = new Set<Vertex>();
  const open = new Set<Vertex>();
  const path: { readonly vertex: Vertex; readonly inputs: readonly Output[]; next: number }[] = [];
  const enter = (vertex: Vertex): void => {
    if (done.has(vertex)) return;
    if (open.has(vertex)) throw cycleError(vertex);
    open.add(vertex);
    path.push({ vertex, inputs: vertexInputs(vertex, states), next: 0 });
  };
  enter(root);
  for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
    const input = frame.inputs[frame.next];
    frame.next += 1;
    if (input !== undefined) {
      enter(input.vertex);
    } else {
      path.pop();
      open.delete(frame.vertex);
      done.add(frame.vertex);
      yield frame.vertex;
    }
  }
}

function cycleError(vertex: Vertex): Error {
  return invalidOp("the graph has a cycle", {
    op: vertex.kind,
    site: vertex.site,
    hint: "Build states with the functions of llb only.",
  });
}
