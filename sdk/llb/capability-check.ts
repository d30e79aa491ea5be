import { type Digest, digestOf } from "../core/digest.ts";
import { GraphError, type SourceLocation } from "../core/errors.ts";
import type { Definition } from "./definition.ts";
import type { Op } from "./op.ts";
import { decodeOp } from "./op-decoder.ts";
import { vertexLocation } from "./vertex-location.ts";

/** An engine, as far as its capabilities go. */
export interface CapableEngine {
  /** What it is, for people, such as `dockerd at unix:///run/docker.sock`. */
  readonly name: string;
  /** Ids that are enabled. Empty where the engine does not tell. */
  readonly capabilities: ReadonlySet<string>;
}

/** What the checks of a definition may be told. */
export interface CheckOptions {
  /** What names of files in the source map are relative to; errors name the files then. */
  readonly sourceRoot?: string;
}

/**
 * Names of capabilities that BuildKit has and no daemon registers, so that none ever says it has them. The fields work.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/solver/pb/caps.go
 */
const UNREGISTERED: ReadonlySet<string> = new Set(["file.copy.modestring", "exec.meta.removemountstubs.recursive"]);
/** A daemon whose store cannot lay snapshots over each other switches these off. */
const OF_THE_STORE: ReadonlySet<string> = new Set(["mergeop", "diffop"]);

/**
 * Makes sure that an engine can do all that a definition needs, so that it is refused before anything runs.
 *
 * @throws GraphError `LLB_CAP_MISSING` at the line of the first op that the engine cannot do
 */
export function checkCapabilities(definition: Definition, engine: CapableEngine, options: CheckOptions = {}): void {
  const { capabilities } = engine;
  if (capabilities.size === 0) return;
  for (const bytes of definition.ops) {
    const digest = digestOf(bytes);
    const missing = (definition.metadata.get(digest)?.caps ?? []).filter(
      (id) => !capabilities.has(id) && !UNREGISTERED.has(id),
    );
    if (missing.length === 0) continue;
    const location = vertexLocation(definition, digest, options.sourceRoot);
    throw capabilityMissing({ digest, op: decodeOp(bytes), location }, missing, engine);
  }
}

function capabilityMissing(
  { digest, op, location }: { readonly digest: Digest; readonly op: Op; readonly location: SourceLocation | undefined },
  missing: readonly string[],
  engine: CapableEngine,
): GraphError {
  const name = opName(op);
  const ofStore = missing.some((id) => OF_THE_STORE.has(id));
  return new GraphError("LLB_CAP_MISSING", `${name} needs ${missing.join(", ")}, which ${engine.name} does not have`, {
    ...(location === undefined ? {} : { location }),
    hint: ofStore
      ? "Name another engine, or turn on dockerd's containerd image store; .copy() works on every engine."
      : "Name an engine with a newer BuildKit, or write the step without it.",
    details: { op: op.body?.kind ?? "result", digest, missing, engine: engine.name },
  });
}

const NAME_LENGTH = 80;

function opName({ body }: Op): string {
  if (body === undefined) return "the result";
  if (body.kind === "source") return `source ${body.identifier}`;
  if (body.kind !== "exec") return body.kind;
  const command = body.args.join(" ");
  return `exec ${command.length > NAME_LENGTH ? `${command.slice(0, NAME_LENGTH)}…` : command}`;
}
