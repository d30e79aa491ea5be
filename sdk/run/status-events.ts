import { StringDecoder } from "node:string_decoder";
import type { SolveStatus } from "../engine/engine.ts";
import type { NodeName, RunEvent } from "../progress/event.ts";

/** Turns what an engine reports of one build into events. One for each build: characters may be cut between reports. */
export function createStatusTranslator(node: NodeName): (status: SolveStatus) => readonly RunEvent[] {
  const decoders = new Map<string, StringDecoder>();
  return (status) => [
    ...status.vertexes.map(
      (vertex): RunEvent => ({
        type: "vertex",
        at: Date.now(),
        node,
        digest: vertex.digest,
        name: vertex.name,
        cached: vertex.cached,
        ...(vertex.startedAtEpochMs === undefined ? {} : { startedAt: vertex.startedAtEpochMs }),
        ...(vertex.completedAtEpochMs === undefined ? {} : { completedAt: vertex.completedAtEpochMs }),
        ...(vertex.error ? { error: vertex.error } : {}),
      }),
    ),
    ...status.statuses.map(
      (progress): RunEvent => ({
        type: "transfer",
        at: Date.now(),
        node,
        vertex: progress.vertex,
        id: progress.id,
        currentBytes: progress.current,
        totalBytes: progress.total,
        completed: progress.completedAtEpochMs !== undefined,
      }),
    ),
    ...status.logs.map(
      (log): RunEvent => ({
        type: "log",
        at: log.atEpochMs,
        node,
        vertex: log.vertex,
        stream: log.stream,
        text: decoderFor(decoders, `${log.vertex} ${log.stream}`).write(Buffer.from(log.data)),
      }),
    ),
    ...status.warnings.map(
      (warning): RunEvent => ({
        type: "build.warning",
        at: Date.now(),
        node,
        vertex: warning.vertex,
        message: [warning.short, ...warning.detail].join(" "),
        url: warning.url,
      }),
    ),
  ];
}

function decoderFor(decoders: Map<string, StringDecoder>, key: string): StringDecoder {
  const existing = decoders.get(key);
  if (existing) return existing;
  const created = new StringDecoder("utf8");
  decoders.set(key, created);
  return created;
}
