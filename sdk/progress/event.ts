import type { SourceLines } from "../core/source-lines.ts";

/** A package × platform of a run, for people and as key. */
export interface NodeName {
  /** `org/image`. */
  readonly package: string;
  /** Such as `linux/arm64`. */
  readonly platform: string;
}

/** How a node ended. */
export type NodeOutcome = "built" | "cached" | "published" | "pulled" | "failed" | "canceled" | "skipped";

/** Everything that a run tells while it goes on. Plain data; times are milliseconds since the epoch. */
export type RunEvent =
  | { readonly type: "run.started"; readonly at: number; readonly verb: string; readonly packages: readonly string[] }
  | {
      readonly type: "plan.ready";
      readonly at: number;
      readonly nodes: readonly (NodeName & {
        readonly state: string;
        readonly why: string;
        readonly engine?: string;
        readonly emulated: boolean;
      })[];
    }
  | {
      readonly type: "notice";
      readonly at: number;
      readonly level: "info" | "warning";
      readonly message: string;
      readonly node?: NodeName;
    }
  | {
      readonly type: "engine.starting" | "engine.ready";
      readonly at: number;
      readonly address: string;
      readonly detail: string;
    }
  | { readonly type: "node.started"; readonly at: number; readonly node: NodeName; readonly engine: string }
  | {
      readonly type: "node.finished";
      readonly at: number;
      readonly node: NodeName;
      readonly outcome: NodeOutcome;
      readonly digest?: string;
      readonly error?: string;
    }
  | {
      /** A request of the engine for files was answered in full; for one build there are several. */
      readonly type: "context.synced";
      readonly at: number;
      readonly node: NodeName;
      /** Which source: `context`, `dockerfile`, or the name of another one. */
      readonly name: string;
      /** Regular files that it wanted to know of. */
      readonly filesTotal: number;
      readonly bytesTotal: number;
      /** Those whose content went over the wire. */
      readonly filesSent: number;
      readonly bytesSent: number;
      /** Those that it had from an earlier build, and did not ask for. */
      readonly filesSkipped: number;
      readonly bytesSkipped: number;
      /** Entries that ignore patterns kept out. A directory that was not entered is one, whatever it holds. */
      readonly entriesIgnored: number;
      readonly durationMs: number;
      /** The ten largest of the files that were sent, the largest first; paths within the source. */
      readonly largestFiles: readonly { readonly path: string; readonly sizeBytes: number }[];
    }
  | {
      readonly type: "vertex";
      readonly at: number;
      readonly node: NodeName;
      readonly digest: string;
      readonly name: string;
      readonly cached: boolean;
      readonly startedAt?: number;
      readonly completedAt?: number;
      readonly error?: string;
    }
  | {
      readonly type: "transfer";
      readonly at: number;
      readonly node?: NodeName;
      readonly vertex?: string;
      readonly id: string;
      readonly currentBytes: number;
      readonly totalBytes: number;
      readonly completed: boolean;
    }
  | {
      readonly type: "log";
      readonly at: number;
      readonly node: NodeName;
      readonly vertex: string;
      readonly stream: "stdout" | "stderr";
      readonly text: string;
    }
  | {
      readonly type: "build.warning";
      readonly at: number;
      readonly node: NodeName;
      readonly vertex: string;
      readonly message: string;
      /** More about it. */
      readonly details: readonly string[];
      /** Where it is explained; "" for nowhere. */
      readonly url: string;
      /** The lines that it is about. */
      readonly source?: SourceLines;
    }
  | {
      readonly type: "check";
      readonly at: number;
      readonly node: NodeName;
      readonly name: string;
      readonly outcome: "passed" | "failed" | "not run";
      /** Why it was not run: the image is `published` or `cached`. */
      readonly why?: string;
    }
  | {
      readonly type: "image.built" | "image.pushed";
      readonly at: number;
      readonly reference: string;
      readonly digest: string;
      readonly node?: NodeName;
    }
  | {
      readonly type: "run.finished";
      readonly at: number;
      readonly ok: boolean;
      readonly outcomes: Readonly<Record<NodeOutcome, number>>;
    };
