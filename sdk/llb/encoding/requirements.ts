import { type Digest, digestOf } from "../../core/digest.ts";
import { GraphError, type SourceLocation } from "../../core/errors.ts";
import { resolveSourcePath } from "../../core/source-path.ts";
import { decodeOp } from "../decoding/op-decoder.ts";
import type { Definition } from "../definition.ts";
import { opLabel } from "../dump/definition-graph.ts";
import { encodeDefinition } from "./definition-encoder.ts";

/** What an engine takes. */
export interface EngineLimits {
  /** For people, such as `unix:///run/buildkit/buildkitd.sock`. */
  readonly engine: string;
  /** LLB capabilities that are enabled there. Empty: not known, nothing is checked. */
  readonly capabilities: ReadonlySet<string>;
  /** Default 16 MiB less what a request needs besides: a daemon takes no larger message. */
  readonly maximumBytes?: number;
  /** What names of files in the source map are relative to; errors then tell where the files are. */
  readonly sourceRoot?: string;
}

const MAXIMUM_BYTES = 16 * 1024 * 1024 - 64 * 1024;
/**
 * Capabilities that have a name and that no daemon registers: it would refuse a definition that lists them.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/solver/pb/caps.go
 */
const UNREGISTERED: ReadonlySet<string> = new Set(["file.copy.modestring", "exec.meta.removemountstubs.recursive"]);

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

function checkCapabilities(definition: Definition, limits: EngineLimits): void {
  const { engine, capabilities } = limits;
  for (const bytes of definition.ops) {
    const digest = digestOf(bytes);
    const caps = definition.metadata.get(digest)?.caps ?? [];
    const missing = caps.filter((cap) => !capabilities.has(cap) && !UNREGISTERED.has(cap));
    if (missing.length === 0) continue;
    const location = firstLocation(definition, digest, limits.sourceRoot);
    const op = opLabel(decodeOp(bytes)) ?? "the result";
    throw new GraphError("LLB_CAP_MISSING", `"${op}" needs ${missing.join(" and ")}, which ${engine} lacks`, {
      hint: "Use a newer BuildKit, or leave out what needs it. dockerd without the containerd image store has no merge and diff.",
      details: { capability: missing[0], missing, engine, op, digest },
      ...(location === undefined ? {} : { location }),
    });
  }
}

function firstLocation(
  { source }: Definition,
  digest: Digest,
  sourceRoot: string | undefined,
): SourceLocation | undefined {
  const place = source?.locations.get(digest)?.[0];
  const name = place === undefined ? undefined : source?.files[place.fileIndex]?.filename;
  if (name === undefined) return undefined;
  const file = sourceRoot === undefined ? name : resolveSourcePath(name, sourceRoot);
  const line = place?.ranges[0]?.start.line;
  return line === undefined ? { file } : { file, line };
}
