import type { NodeName, NodeOutcome } from "./event.ts";

/** The end of a step's output. */
export interface LogTail {
  /** The last lines, as the build wrote them: neutralize them before they are printed. */
  readonly lines: readonly string[];
  /** What has no line end yet. */
  readonly partial: { readonly stdout: string; readonly stderr: string };
}

/** One step (vertex) of a node's build. */
export interface StepState {
  readonly digest: string;
  /** In the order in which steps start, from 1; 0 for one that has not started. */
  readonly number: number;
  readonly name: string;
  readonly cached: boolean;
  readonly startedAt?: number;
  readonly completedAt?: number;
  readonly error?: string;
  readonly log: LogTail;
}

/** Bytes on their way. */
export interface TransferState {
  readonly id: string;
  readonly vertex?: string;
  readonly currentBytes: number;
  /** 0: unknown. */
  readonly totalBytes: number;
  readonly completed: boolean;
}

/** A package × platform, and how far it is. */
export interface NodeState extends NodeName {
  readonly status: "waiting" | "running" | NodeOutcome;
  /** What the plan decided, and why; undefined before there is a plan. */
  readonly planned?: { readonly state: string; readonly why: string };
  readonly engine?: string;
  readonly emulated: boolean;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly steps: readonly StepState[];
  readonly transfers: readonly TransferState[];
  readonly filesSent: number;
  readonly bytesSent: number;
  readonly digest?: string;
  readonly error?: string;
}

/** An image that the run made or published. */
export interface ImageState {
  readonly reference: string;
  readonly digest: string;
  readonly pushed: boolean;
}

/** What is known of a run after a number of events. Frozen. */
export interface RunState {
  readonly verb: string;
  readonly status: "waiting" | "running" | "succeeded" | "failed";
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly nodes: readonly NodeState[];
  /** Transfers of no node, such as an index. */
  readonly transfers: readonly TransferState[];
  readonly images: readonly ImageState[];
  /** What the builds warned of. */
  readonly warnings: number;
  readonly counts: Readonly<Record<NodeState["status"], number>>;
}

const NO_COUNTS: RunState["counts"] = Object.freeze({
  waiting: 0,
  running: 0,
  built: 0,
  cached: 0,
  published: 0,
  pulled: 0,
  failed: 0,
  canceled: 0,
  skipped: 0,
});

/** Before the first event. */
export const INITIAL_RUN_STATE: RunState = Object.freeze({
  verb: "",
  status: "waiting",
  nodes: Object.freeze([]),
  transfers: Object.freeze([]),
  images: Object.freeze([]),
  warnings: 0,
  counts: NO_COUNTS,
});

/** How many nodes there are of each status. */
export function countNodes(nodes: readonly NodeState[]): RunState["counts"] {
  const counts = { ...NO_COUNTS };
  for (const node of nodes) counts[node.status] += 1;
  return Object.freeze(counts);
}

/** `org/image linux/arm64`: the name of a node for people. */
export function formatNode(node: NodeName): string {
  return `${node.package} ${node.platform}`;
}

/** True if both name the same package × platform. */
export function sameNode(left: NodeName, right: NodeName): boolean {
  return left.package === right.package && left.platform === right.platform;
}
