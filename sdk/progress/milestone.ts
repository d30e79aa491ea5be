import type { NodeName, NodeOutcome, RunEvent } from "./event.ts";
import { plainPaint, type Style } from "./paint.ts";
import { formatBytes, formatCount, formatDuration } from "./quantity.ts";
import { type NodeState, type RunState, sameNode } from "./run-state.ts";
import { drawSource } from "./source-excerpt.ts";

/** Something to tell, by whom, and how it looks. May hold several lines of foreign text: neutralize when printing. */
export interface Message {
  readonly node?: NodeName;
  readonly text: string;
  readonly style?: Style;
}

type BuildWarning = Extract<RunEvent, { readonly type: "build.warning" }>;
type Synced = Extract<RunEvent, { readonly type: "context.synced" }>;
type Finished = Extract<RunEvent, { readonly type: "node.finished" }>;
type Planned = Extract<RunEvent, { readonly type: "plan.ready" }>["nodes"][number];

const LONG_MS = 1000;
const LARGE_BYTES = 10_000_000;

/** What stays on the screen of an event that matters to everyone who watches; undefined for the others. */
export function describeMilestone(event: RunEvent, state: RunState): Message | undefined {
  switch (event.type) {
    case "notice":
      return {
        ...(event.node === undefined ? {} : { node: event.node }),
        ...(event.level === "warning"
          ? { text: `warning: ${event.message}`, style: "yellow" }
          : { text: event.message }),
      };
    case "engine.starting":
      return { text: `engine ${event.address}: starting${withDetail(event.detail)}` };
    case "engine.ready":
      return { text: `engine ${event.address}: ready${withDetail(event.detail)}` };
    case "context.synced":
      return isLongTransfer(event) ? { node: event.node, text: describeTransfer(event) } : undefined;
    case "build.warning":
      return { node: event.node, text: describeWarning(event), style: "yellow" };
    case "node.finished":
      return describeEnd(
        event,
        state.nodes.find((node) => sameNode(node, event.node)),
      );
    case "check":
      return {
        node: event.node,
        text: `check: ${event.outcome}${withDetail(event.why ?? "")} ${event.name}`,
        style: CHECK_STYLE[event.outcome],
      };
    case "image.built":
      return { ...nodeOf(event), text: `built ${event.reference} ${event.digest}`, style: "green" };
    case "image.pushed":
      return { ...nodeOf(event), text: `pushed ${event.reference} ${event.digest}`, style: "green" };
    case "run.finished":
      return describeRun(event, state);
    default:
      return undefined;
  }
}

/** Others go by without anybody waiting for them. */
function isLongTransfer({ durationMs, bytesSent }: Synced): boolean {
  return durationMs > LONG_MS || bytesSent > LARGE_BYTES;
}

function describeTransfer({ name, filesSent, filesTotal, bytesSent, entriesIgnored, durationMs }: Synced): string {
  const sent = `${filesSent} of ${formatCount(filesTotal, "file")} sent, ${formatBytes(bytesSent)}`;
  const ignored = entriesIgnored > 0 ? `, ${entriesIgnored} ignored` : "";
  return `${name}: ${sent} in ${formatDuration(durationMs)}${ignored}`;
}

function describeWarning({ message, details, url, source }: BuildWarning): string {
  return [
    `warning: ${message}${url === "" ? "" : ` (${url})`}`,
    ...details.map((detail) => `  ${detail}`),
    ...(source === undefined ? [] : drawSource(source, plainPaint)),
  ].join("\n");
}

/** What the plan decided for one node. */
export function describePlanned(node: Planned): Message {
  const place = node.engine === undefined ? "" : ` on ${node.engine}`;
  return { node, text: `plan: ${node.state}${place}${node.emulated ? ", emulated" : ""}${withDetail(node.why)}` };
}

const OUTCOME_STYLE: Readonly<Partial<Record<NodeOutcome, Style>>> = {
  built: "green",
  failed: "red",
  canceled: "yellow",
  skipped: "yellow",
};

const CHECK_STYLE: Readonly<Record<Extract<RunEvent, { readonly type: "check" }>["outcome"], Style>> = {
  passed: "green",
  failed: "red",
  "not run": "yellow",
};

function describeEnd(event: Finished, node: NodeState | undefined): Message {
  const { outcome, digest, error } = event;
  const why = outcome === "cached" || outcome === "published" ? withDetail(node?.planned?.why ?? "") : "";
  const time = node?.startedAt === undefined ? "" : ` in ${formatDuration(event.at - node.startedAt)}`;
  const text = `${outcome}${time}${why}${digest === undefined ? "" : ` ${digest}`}${error === undefined ? "" : `\n${error}`}`;
  const style = OUTCOME_STYLE[outcome];
  return { node: event.node, text, ...(style === undefined ? {} : { style }) };
}

function describeRun(event: Extract<RunEvent, { readonly type: "run.finished" }>, state: RunState): Message {
  const outcomes = Object.entries(event.outcomes)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`);
  const warnings = state.warnings === 0 ? [] : [formatCount(state.warnings, "warning")];
  const time = state.startedAt === undefined ? "" : ` in ${formatDuration(event.at - state.startedAt)}`;
  const end = `${state.verb} ${event.ok ? "succeeded" : "failed"}${time}`;
  return {
    text: [end, [...outcomes, ...warnings].join(", ")].filter((part) => part !== "").join(": "),
    style: event.ok ? "green" : "red",
  };
}

function withDetail(detail: string): string {
  return detail === "" ? "" : ` (${detail})`;
}

function nodeOf(event: { readonly node?: NodeName }): { readonly node?: NodeName } {
  return event.node === undefined ? {} : { node: event.node };
}
