import { Control } from "../../proto/gen/control_pb.js";
import type { GrpcClient } from "../../wire/grpc-client.ts";
import type { SolveStatus, StatusVertex } from "../engine.ts";
import { createLogTail, type LogTail } from "./log-tail.ts";
import { settledWithin } from "./settled-within.ts";
import { decodeStatus } from "./status-message.ts";

/** How long the status stream may go on after the build has ended. */
const DRAIN_MS = 5000;
/** The same for a build of which nothing was seen: the daemon looks for it for a while if it was refused. */
const SILENT_DRAIN_MS = 300;

/** What has been seen of a build. */
export interface StatusFollower {
  /** The first step that failed by itself; canceled ones do not count. */
  readonly failedVertex: StatusVertex | undefined;
  /** Settles when a step has failed; never, if none does. */
  readonly vertexFailed: Promise<void>;
  vertex(digest: string): StatusVertex | undefined;
  readonly logs: LogTail;
  /** Reads what is left, for a bounded time, and ends. */
  drain(): Promise<void>;
}

/** Follows a build's status from now on. Trouble with the stream never hurts the build. */
export function followStatus(
  client: GrpcClient,
  ref: string,
  onStatus: ((status: SolveStatus) => void) | undefined,
): StatusFollower {
  const vertexes = new Map<string, StatusVertex>();
  const logs = createLogTail();
  const stopped = new AbortController();
  let failedVertex: StatusVertex | undefined;
  let sawAny = false;
  let reportFailure: (() => void) | undefined;
  const vertexFailed = new Promise<void>((resolve) => {
    reportFailure = resolve;
  });
  const read = async (): Promise<void> => {
    for await (const message of client.serverStream(Control.method.status, { Ref: ref }, { signal: stopped.signal })) {
      const status = decodeStatus(message);
      sawAny = true;
      for (const vertex of status.vertexes) vertexes.set(vertex.digest, vertex);
      for (const log of status.logs) logs.add(log.vertex, log.data);
      onStatus?.(status);
      failedVertex ??= status.vertexes.find(hasFailed);
      if (failedVertex !== undefined) reportFailure?.();
    }
  };
  const done = read().catch(() => undefined);
  return {
    get failedVertex() {
      return failedVertex;
    },
    vertexFailed,
    vertex: (digest) => vertexes.get(digest),
    logs,
    async drain() {
      await settledWithin(done, sawAny ? DRAIN_MS : SILENT_DRAIN_MS);
      stopped.abort();
      await done;
    },
  };
}

function hasFailed({ error }: StatusVertex): boolean {
  return error !== undefined && !/context canceled$/.test(error);
}
