import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { sourceLines } from "../../core/source-lines.ts";
import type { StatusResponse, Vertex, VertexLog, VertexStatus, VertexWarning } from "../../proto/gen/control_pb.js";
import type { SolveStatus, StatusLog, StatusProgress, StatusVertex, StatusWarning } from "../engine.ts";

/** A status message as plain data. */
export function decodeStatus(message: StatusResponse): SolveStatus {
  return {
    vertexes: message.vertexes.map(decodeVertex),
    statuses: message.statuses.map(decodeProgress),
    logs: message.logs.map(decodeLog),
    warnings: message.warnings.map(decodeWarning),
  };
}

function decodeVertex({ digest, name, inputs, cached, started, completed, error }: Vertex): StatusVertex {
  return { digest, name, inputs, cached, ...period(started, completed), ...(error === "" ? {} : { error }) };
}

function decodeProgress({ vertex, ID, current, total, started, completed }: VertexStatus): StatusProgress {
  return { vertex, id: ID, current: Number(current), total: Number(total), ...period(started, completed) };
}

function decodeLog({ vertex, stream, msg, timestamp }: VertexLog): StatusLog {
  // The decoder gives a view of the whole message, which would stay in memory with it.
  const data = Uint8Array.from(msg);
  return { vertex, stream: stream === 2n ? "stderr" : "stdout", data, atEpochMs: epochMs(timestamp) ?? 0 };
}

function decodeWarning({ vertex, level, short, detail, url, info, ranges }: VertexWarning): StatusWarning {
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const source = sourceLines({
    file: info?.filename ?? "",
    ranges: ranges.map(({ start, end }) => ({ start: start?.line ?? 0, end: end?.line ?? 0 })),
    data: info?.data,
  });
  return {
    ...{ vertex, level: Number(level), short: text(short), detail: detail.map(text), url },
    ...(source === undefined ? {} : { source }),
  };
}

function period(
  started: Timestamp | undefined,
  completed: Timestamp | undefined,
): { startedAtEpochMs?: number; completedAtEpochMs?: number } {
  const startedAtEpochMs = epochMs(started);
  const completedAtEpochMs = epochMs(completed);
  return {
    ...(startedAtEpochMs === undefined ? {} : { startedAtEpochMs }),
    ...(completedAtEpochMs === undefined ? {} : { completedAtEpochMs }),
  };
}

function epochMs(timestamp: Timestamp | undefined): number | undefined {
  return timestamp === undefined ? undefined : Number(timestamp.seconds) * 1000 + timestamp.nanos / 1_000_000;
}
