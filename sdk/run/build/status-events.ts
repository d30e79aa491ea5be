import { StringDecoder } from "node:string_decoder";
import type { RedactedStream, Redactor } from "../../core/redact.ts";
import { resolveSourcePath } from "../../core/source-path.ts";
import type { SolveStatus } from "../../engine/engine.ts";
import type { NodeName, RunEvent } from "../../progress/event.ts";

/**
 * Turns what an engine reports of one build into events, without secrets. One for each build: characters and secrets may
 * be cut between reports. Names of source files are relative to the root.
 */
export function createStatusTranslator(
  node: NodeName,
  redactor: Redactor,
  sourceRoot: string,
): (status: SolveStatus) => readonly RunEvent[] {
  const logs = createLogTexts(redactor);
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
    ...status.logs.flatMap(({ vertex, stream, data, atEpochMs: at }): RunEvent[] => {
      const text = logs.write({ vertex, stream }, data);
      return text === "" ? [] : [{ type: "log", at, node, vertex, stream, text }];
    }),
    ...status.vertexes.flatMap((vertex): RunEvent[] =>
      vertex.completedAtEpochMs === undefined
        ? []
        : logs.end(vertex.digest).map(({ stream, text }) => ({
            ...{ type: "log", at: Date.now(), node, vertex: vertex.digest, stream, text },
          })),
    ),
    ...status.warnings.map(
      (warning): RunEvent => ({
        type: "build.warning",
        at: Date.now(),
        node,
        vertex: warning.vertex,
        message: warning.short,
        details: warning.detail,
        url: warning.url,
        ...(warning.source === undefined
          ? {}
          : { source: { ...warning.source, file: resolveSourcePath(warning.source.file, sourceRoot) } }),
      }),
    ),
  ];
}

interface LogName {
  readonly vertex: string;
  readonly stream: "stdout" | "stderr";
}

interface LogText extends LogName {
  readonly decoder: StringDecoder;
  readonly redacted: RedactedStream;
}

interface LogTexts {
  write(name: LogName, data: Uint8Array): string;
  /** What was held back of a step's logs. */
  end(vertex: string): readonly { readonly stream: LogName["stream"]; readonly text: string }[];
}

function createLogTexts(redactor: Redactor): LogTexts {
  const open = new Map<string, LogText>();
  // A status may tell of a step's end before its last lines.
  const ended = new Set<string>();
  return {
    write({ vertex, stream }, data) {
      const key = `${vertex} ${stream}`;
      const log = open.get(key) ?? {
        ...{ vertex, stream },
        decoder: new StringDecoder("utf8"),
        redacted: redactor.stream(),
      };
      open.set(key, log);
      const text = log.redacted.write(log.decoder.write(Buffer.from(data)));
      return ended.has(vertex) ? text + log.redacted.end() : text;
    },
    end(vertex) {
      ended.add(vertex);
      return [...open.values()]
        .filter((log) => log.vertex === vertex)
        .map(({ stream, redacted }) => ({ stream, text: redacted.end() }))
        .filter(({ text }) => text !== "");
    },
  };
}
