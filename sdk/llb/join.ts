import { checkNonEmpty } from "./argument.ts";
import { type BuilderFunction, captureCallSite } from "./call-site.ts";
import { invalidOp } from "./invalid-op.ts";
import { State } from "./state.ts";
import type { Output, Vertex } from "./vertex.ts";
import { type VertexOptions, vertexConstraints } from "./vertex-options.ts";

/**
 * Lays states over each other, later ones on top, without copying. Settings and image config are those of the first
 * that is not scratch. Scratch adds nothing; one state alone is given back as it is.
 */
export function merge(states: readonly State[], options: VertexOptions = {}): State {
  const present = states.filter(({ output }) => output !== undefined);
  const [first, second] = present;
  if (first === undefined || second === undefined) return first ?? states[0] ?? new State(undefined);
  return withVertex(first, {
    kind: "merge",
    inputs: Object.freeze(present.flatMap(({ output }) => (output === undefined ? [] : [output]))),
    constraints: vertexConstraints(options, "merge"),
    site: captureCallSite(merge),
  });
}

/** What `upper` has more than `lower`, or other; with the settings of `lower`. */
export function diff(lower: State, upper: State, options: VertexOptions = {}): State {
  if (lower.output === undefined) return upper;
  return withVertex(lower, {
    kind: "diff",
    lower: lower.output,
    upper: upper.output,
    constraints: vertexConstraints(options, "diff"),
    site: captureCallSite(diff),
  });
}

/** Options of {@link solveFile}. */
export interface BuildOptions extends VertexOptions {
  /** The file with the definition. Default `buildkit.llb.definition`. */
  readonly filename?: string;
}

/** Reads a definition from a file of a state, while the build runs, and gives what that definition makes. */
export function solveFile(state: State, options: BuildOptions = {}): State {
  const { output } = state;
  if (output === undefined) {
    throw invalidOp("scratch holds no definition", { op: "build", hint: "Make the file first, with a run or a copy." });
  }
  const { filename } = options;
  return withVertex(state, {
    kind: "build",
    source: output,
    filename: filename === undefined ? undefined : checkNonEmpty(filename, "the file name", "build"),
    constraints: vertexConstraints(options, "build"),
    site: captureCallSite(solveFile),
  });
}

/** An input of {@link passthrough}. */
export interface PassthroughInput {
  readonly state: State;
  /** Hand it on; without, it only has to be done. Default false. */
  readonly output?: boolean;
}

/**
 * Hands states on unchanged, but only once all inputs are done. Gives a state for each input that is an output,
 * in their order. Scratch is no input.
 */
export function passthrough(
  id: string,
  inputs: readonly PassthroughInput[],
  options: VertexOptions = {},
): readonly State[] {
  return passthroughStates(id, inputs, options, passthrough);
}

/** The state, but only once others are done: for an order that files do not show. */
export function after(id: string, state: State, others: readonly State[], options: VertexOptions = {}): State {
  if (others.length === 0) return state;
  const inputs = [{ state, output: true }, ...others.map((other) => ({ state: other }))];
  return passthroughStates(id, inputs, options, after)[0] ?? state;
}

function passthroughStates(
  id: string,
  inputs: readonly PassthroughInput[],
  options: VertexOptions,
  builder: BuilderFunction,
): readonly State[] {
  const present = inputs.filter(({ state }) => state.output !== undefined);
  const outputs = present.flatMap(({ output }, index) => (output === true ? [index] : []));
  if (outputs.length === 0) {
    throw invalidOp("a passthrough without outputs", {
      op: "passthrough",
      hint: "Mark at least one state that is not scratch with output: true.",
    });
  }
  const vertex: Vertex = Object.freeze({
    kind: "passthrough",
    id: checkNonEmpty(id, "the id", "passthrough"),
    inputs: Object.freeze(present.flatMap(({ state }) => (state.output === undefined ? [] : [state.output]))),
    outputs: Object.freeze(outputs),
    constraints: vertexConstraints(options, "passthrough"),
    site: captureCallSite(builder),
  });
  return Object.freeze(
    outputs.flatMap((input, index) => {
      const state = present[input]?.state;
      return state === undefined ? [] : [withOutput(state, Object.freeze({ vertex, index }))];
    }),
  );
}

function withVertex(state: State, vertex: Vertex): State {
  return withOutput(state, Object.freeze({ vertex: Object.freeze(vertex), index: 0 }));
}

/** The settings and the image config of a state, with other files. */
function withOutput(state: State, output: Output): State {
  return new State(output, state.settings, state.image);
}
