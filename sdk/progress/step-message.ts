import type { NodeName, RunEvent } from "./event.ts";
import { splitLog } from "./log-text.ts";
import type { Message } from "./milestone.ts";
import { formatBytes, formatDuration } from "./quantity.ts";
import { formatNode, type NodeState, type RunState, type StepState, sameNode } from "./run-state.ts";

/** Tells what the steps of all nodes do, line by line. */
export interface StepTeller {
  /** What an event adds. The states are those before and after it. */
  tell(event: RunEvent, before: RunState, after: RunState): readonly Message[];
}

/** Creates a teller; it holds the beginnings of lines that are not complete yet. */
export function createStepTeller(): StepTeller {
  const partials = new Map<string, string>();
  return {
    tell: (event, before, after) => {
      if (event.type === "log") return tellLog(partials, event, after);
      if (event.type === "vertex") return tellVertex(partials, event, before, after);
      if (event.type === "transfer") return tellTransfer(event, before, after);
      return [];
    },
  };
}

type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { readonly type: Type }>;

function tellLog(partials: Map<string, string>, event: EventOf<"log">, after: RunState): readonly Message[] {
  const key = partialKey(event.node, event.vertex, event.stream);
  const { lines, partial } = splitLog(partials.get(key) ?? "", event.text);
  partials.set(key, partial);
  const number = findStep(after, event.node, event.vertex)?.number ?? 0;
  return lines.map((line) => ({ node: event.node, text: `#${number} | ${line}` }));
}

function tellVertex(
  partials: Map<string, string>,
  event: EventOf<"vertex">,
  before: RunState,
  after: RunState,
): readonly Message[] {
  const earlier = findStep(before, event.node, event.digest);
  const step = findStep(after, event.node, event.digest);
  if (step === undefined || step.number === 0) return [];
  const messages: Message[] = [];
  if (earlier === undefined || earlier.number === 0)
    messages.push({ node: event.node, text: `#${step.number} ${step.name}` });
  if (step.completedAt === undefined || earlier?.completedAt !== undefined) return messages;
  for (const stream of ["stdout", "stderr"] as const) {
    const key = partialKey(event.node, event.digest, stream);
    const rest = partials.get(key) ?? "";
    partials.delete(key);
    if (rest !== "") messages.push({ node: event.node, text: `#${step.number} | ${rest}` });
  }
  return [...messages, tellEnd(event.node, step)];
}

function tellEnd(node: NodeName, step: StepState): Message {
  const text = `#${step.number} ${describeStepEnd(step)}`;
  return step.error === undefined ? { node, text } : { node, text, style: "red" };
}

/** `CACHED`, `DONE 1.2s` or `ERROR 1.2s: …` for a step that is complete. */
function describeStepEnd(step: StepState): string {
  const time = formatDuration((step.completedAt ?? 0) - (step.startedAt ?? step.completedAt ?? 0));
  if (step.error !== undefined && step.error !== "") return `ERROR ${time}: ${step.error}`;
  return step.cached ? "CACHED" : `DONE ${time}`;
}

function tellTransfer(event: EventOf<"transfer">, before: RunState, after: RunState): readonly Message[] {
  if (!event.completed || isTransferDone(before, event)) return [];
  const size = event.currentBytes > 0 ? ` ${formatBytes(event.currentBytes)}` : "";
  if (event.node === undefined) return [{ text: `${event.id}${size} done` }];
  const step = event.vertex === undefined ? undefined : findStep(after, event.node, event.vertex);
  const number = step === undefined || step.number === 0 ? "" : `#${step.number} `;
  return [{ node: event.node, text: `${number}${event.id}${size} done` }];
}

function isTransferDone(state: RunState, event: EventOf<"transfer">): boolean {
  const transfers = event.node === undefined ? state.transfers : (findNode(state, event.node)?.transfers ?? []);
  return transfers.some(({ id, vertex, completed }) => completed && id === event.id && vertex === event.vertex);
}

function partialKey(node: NodeName, vertex: string, stream: string): string {
  return `${formatNode(node)} ${vertex} ${stream}`;
}

function findNode(state: RunState, name: NodeName): NodeState | undefined {
  return state.nodes.find((node) => sameNode(node, name));
}

function findStep(state: RunState, name: NodeName, digest: string): StepState | undefined {
  return findNode(state, name)?.steps.find((step) => step.digest === digest);
}
