import type { NodeName, RunEvent } from "./event.ts";
import { splitLog } from "./log-text.ts";
import { countNodes, type LogTail, type NodeState, type RunState, type StepState, sameNode } from "./run-state.ts";

type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { readonly type: Type }>;

const TAIL_LINES = 20;
const EMPTY_LOG: LogTail = Object.freeze({
  lines: Object.freeze([]),
  partial: Object.freeze({ stdout: "", stderr: "" }),
});

/** The state after an event. Pure: events alone decide, and the state given is left as it was. */
export function reduceRun(state: RunState, event: RunEvent): RunState {
  switch (event.type) {
    case "run.started":
      return update(state, { verb: event.verb, status: "running", startedAt: event.at });
    case "plan.ready":
      return withNodes(state, event.nodes.map(plannedNode));
    case "node.started":
      return withNode(state, event.node, { status: "running", engine: event.engine, startedAt: event.at });
    case "node.finished":
      return finishNode(state, event);
    case "context.synced":
      return withNode(state, event.node, (node) => ({
        filesSent: node.filesSent + event.filesSent,
        bytesSent: node.bytesSent + event.bytesSent,
      }));
    case "vertex":
      return withStep(state, event.node, event.digest, stepChange(event));
    case "log":
      return withStep(state, event.node, event.vertex, (step) => ({
        startedAt: step.startedAt ?? event.at,
        log: appendLog(step.log, event),
      }));
    case "transfer":
      return withTransfer(state, event);
    case "image.built":
    case "image.pushed":
      return withImage(state, event);
    case "build.warning":
      return update(state, { warnings: state.warnings + 1 });
    case "run.finished":
      return update(state, { status: event.ok ? "succeeded" : "failed", finishedAt: event.at });
    case "notice":
    case "engine.starting":
    case "engine.ready":
    case "check":
      return state;
  }
}

function update<T extends object>(value: T, change: Partial<T>): T {
  return Object.freeze({ ...value, ...change });
}

function plannedNode(node: EventOf<"plan.ready">["nodes"][number]): NodeState {
  const { state, why, engine, ...rest } = node;
  const planned = Object.freeze({ state, why });
  return update(newNode(rest), { planned, emulated: rest.emulated, ...(engine === undefined ? {} : { engine }) });
}

function newNode(name: NodeName): NodeState {
  return Object.freeze({
    package: name.package,
    platform: name.platform,
    status: "waiting",
    emulated: false,
    steps: Object.freeze([]),
    transfers: Object.freeze([]),
    filesSent: 0,
    bytesSent: 0,
  });
}

function withNodes(state: RunState, nodes: readonly NodeState[]): RunState {
  return update(state, { nodes: Object.freeze(nodes), counts: countNodes(nodes) });
}

function withNode(
  state: RunState,
  name: NodeName,
  change: Partial<NodeState> | ((node: NodeState) => Partial<NodeState>),
): RunState {
  const known = state.nodes.some((node) => sameNode(node, name)) ? state.nodes : [...state.nodes, newNode(name)];
  const nodes = known.map((node) =>
    sameNode(node, name) ? update(node, typeof change === "function" ? change(node) : change) : node,
  );
  return withNodes(state, nodes);
}

function finishNode(state: RunState, event: EventOf<"node.finished">): RunState {
  return withNode(state, event.node, {
    status: event.outcome,
    finishedAt: event.at,
    ...(event.digest === undefined ? {} : { digest: event.digest }),
    ...(event.error === undefined ? {} : { error: event.error }),
  });
}

function withStep(
  state: RunState,
  name: NodeName,
  digest: string,
  change: (step: StepState) => Partial<StepState>,
): RunState {
  return withNode(state, name, ({ steps }) => {
    const next = 1 + steps.filter((step) => step.number > 0).length;
    const index = steps.findIndex((step) => step.digest === digest);
    const before = steps[index] ?? { digest, number: 0, name: digest, cached: false, log: EMPTY_LOG };
    const changed = { ...before, ...change(before) };
    const begun = changed.startedAt !== undefined || changed.completedAt !== undefined;
    const after = Object.freeze({ ...changed, number: before.number === 0 && begun ? next : before.number });
    return { steps: Object.freeze(index === -1 ? [...steps, after] : steps.with(index, after)) };
  });
}

function stepChange(event: EventOf<"vertex">): () => Partial<StepState> {
  const { type: _type, at: _at, node: _node, ...change } = event;
  return () => change;
}

function appendLog(log: LogTail, event: EventOf<"log">): LogTail {
  const { lines, partial } = splitLog(log.partial[event.stream], event.text);
  return Object.freeze({
    lines: Object.freeze([...log.lines, ...lines].slice(-TAIL_LINES)),
    partial: Object.freeze({ ...log.partial, [event.stream]: partial }),
  });
}

function withTransfer(state: RunState, event: EventOf<"transfer">): RunState {
  const { type: _type, at: _at, node, ...transfer } = event;
  const replace = <T extends { readonly id: string; readonly vertex?: string }>(
    all: readonly T[],
    one: T,
  ): readonly T[] =>
    Object.freeze([...all.filter(({ id, vertex }) => id !== one.id || vertex !== one.vertex), Object.freeze(one)]);
  if (node === undefined) return update(state, { transfers: replace(state.transfers, transfer) });
  return withNode(state, node, ({ transfers }) => ({ transfers: replace(transfers, transfer) }));
}

function withImage(state: RunState, event: EventOf<"image.built" | "image.pushed">): RunState {
  const { reference, digest } = event;
  const image = Object.freeze({ reference, digest, pushed: event.type === "image.pushed" });
  return update(state, { images: Object.freeze([...state.images, image]) });
}
