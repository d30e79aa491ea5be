import { type Digest, digestOf } from "../core/digest.ts";
import { GraphError, type SourceLocation } from "../core/errors.ts";
import type { Definition } from "./definition.ts";
import { encodeDefinition } from "./definition-encoder.ts";
import { opLabel } from "./definition-graph.ts";
import { decodeOp } from "./op-decoder.ts";

/** What an engine takes. */
export interface EngineLimits {
  /** For people, such as `unix:///run/buildkit/buildkitd.sock`. */
  readonly engine: string;
  /** LLB capabilities that are enabled there. Empty: not known, nothing is checked. */
  readonly capabilities: ReadonlySet<string>;
  /** Default 16 MiB less what a request needs besides: a daemon takes no larger message. */
  readonly maximumBytes?: number;
}

const MAXIMUM_BYTES = 16 * 1024 * 1024 - 64 * 1024;

/**
 * Refuses a definition that an engine would refuse, before anything is sent.
 *
 * @throws GraphError `LLB_CAP_MISSING` names the op and its line; `LLB_TOO_LARGE` names the size.
 */
export function checkRequirements(definition: Definition, limits: EngineLimits): void {
  if (limits.capabilities.size > 0) checkCapabilities(definition, limits);
  const sizeBytes = encodeDefinition(definition).length;
  const maximumBytes = limits.maximumBytes ?? MAXIMUM_BYTES;
  if (sizeBytes <= maximumBytes) return;
  throw new GraphError("LLB_TOO_LARGE", `the definition has ${sizeBytes} bytes, an engine takes ${maximumBytes}`, {
    hint: "Bring large contents in through a context or a download rather than with mkfile, or split the build.",
    details: { sizeBytes, maximumBytes, ops: definition.ops.length },
  });
}

function checkCapabilities(definition: Definition, { engine, capabilities }: EngineLimits): void {
  for (const bytes of definition.ops) {
    const digest = digestOf(bytes);
    const missing = definition.metadata.get(digest)?.caps?.find((cap) => !capabilities.has(cap));
    if (missing === undefined) continue;
    const location = firstLocation(definition, digest);
    const op = opLabel(decodeOp(bytes)) ?? "the result";
    throw new GraphError("LLB_CAP_MISSING", `${engine} lacks the capability ${missing}, which "${op}" needs`, {
      hint: "Use a newer BuildKit, or leave out what needs it. dockerd without the containerd image store has no merge and diff.",
      details: { capability: missing, engine, op, digest },
      ...(location === undefined ? {} : { location }),
    });
  }
}

function firstLocation({ source }: Definition, digest: Digest): SourceLocation | undefined {
  const place = source?.locations.get(digest)?.[0];
  const file = place === undefined ? undefined : source?.files[place.fileIndex];
  const line = place?.ranges[0]?.start.line;
  return file === undefined ? undefined : { file: file.filename, ...(line === undefined ? {} : { line }) };
}
