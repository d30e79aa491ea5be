import type { Platform } from "../core/platform.ts";
import { unresolvedOp } from "./deferred/deferred-op.ts";
import { execOp } from "./exec/exec-op.ts";
import { fileOp } from "./file/file-op.ts";
import { type KnownBases, resolvedImage } from "./image-config/base-image.ts";
import { invalidOp } from "./invalid-op.ts";
import type { NetworkMode, Op, OpBody, OpInput } from "./op.ts";
import { formatImageReference, parseImageReference } from "./sources/image-reference.ts";
import type { Output, RawVertex, SourceVertex, Vertex } from "./vertex.ts";

/** What marshalling knows and a vertex does not. */
export interface LoweringContext extends KnownBases {
  readonly platform: Platform;
  readonly requires: readonly string[];
  readonly sessionId: string | undefined;
  /** Of processes whose state names none. */
  readonly network: NetworkMode | undefined;
  /** The op that an output belongs to; it has been lowered before. */
  readonly inputOf: (output: Output) => OpInput;
}

/** A vertex as op, with the capabilities that it needs. */
export interface LoweredOp {
  readonly op: Op;
  readonly caps: readonly string[];
}

/** What the op of a vertex is made of, before platform and constraints are added. */
export interface LoweredBody {
  readonly body: OpBody;
  readonly inputs: readonly OpInput[];
  readonly caps: readonly string[];
  /** Undefined for ops that are the same on every platform. */
  readonly platform: Platform | undefined;
}

const PLATFORM_SOURCES = ["docker-image://", "oci-layout://"];

/** Turns a vertex into the op that BuildKit gets. */
export function lowerVertex(vertex: Exclude<Vertex, RawVertex>, context: LoweringContext): LoweredOp {
  const { body, inputs, caps, platform } = lowerBody(vertex, context);
  const own = vertex.constraints.requires;
  const constraints = own === undefined ? context.requires : [...context.requires, ...own];
  return { op: { inputs, constraints, body, ...(platform === undefined ? {} : { platform }) }, caps };
}

function lowerBody(vertex: Exclude<Vertex, RawVertex>, context: LoweringContext): LoweredBody {
  const { inputOf } = context;
  switch (vertex.kind) {
    case "source":
      return lowerSource(vertex, context);
    case "exec":
      return execOp(vertex, context);
    case "file":
      return fileOp(vertex, context);
    case "deferred":
      return unresolvedOp(vertex, context);
    case "build":
      return {
        body: {
          kind: "build",
          builder: -1,
          inputs: { "buildkit.llb.definition": 0 },
          attributes: vertex.filename === undefined ? {} : { "llbbuild.filename": vertex.filename },
        },
        inputs: [inputOf(vertex.source)],
        caps: ["source.buildop.llbfilename"],
        platform: vertex.constraints.platform ?? context.platform,
      };
    case "merge":
      return {
        body: { kind: "merge", inputs: vertex.inputs.map((_, index) => index) },
        inputs: vertex.inputs.map(inputOf),
        caps: ["mergeop"],
        platform: undefined,
      };
    case "diff": {
      // Both sides have an input of their own, even where they are the same.
      const sides = [vertex.lower, vertex.upper].filter((side) => side !== undefined);
      const lower = vertex.lower === undefined ? -1 : 0;
      return {
        body: { kind: "diff", lower, upper: vertex.upper === undefined ? -1 : lower + 1 },
        inputs: sides.map(inputOf),
        caps: ["diffop"],
        platform: undefined,
      };
    }
    case "passthrough":
      return {
        body: { kind: "passthrough", id: vertex.id, outputs: vertex.outputs },
        inputs: vertex.inputs.map(inputOf),
        caps: ["passthroughop"],
        platform: undefined,
      };
  }
}

function lowerSource(vertex: SourceVertex, context: LoweringContext): LoweredBody {
  const { attributes, caps, constraints } = vertex;
  const isLocal = vertex.identifier.startsWith("local://");
  const session = isLocal && !("local.session" in attributes) ? context.sessionId : undefined;
  return {
    body: {
      kind: "source",
      identifier: pinnedIdentifier(vertex, context),
      attributes: session === undefined ? attributes : { ...attributes, "local.session": session },
    },
    inputs: [],
    caps: session === undefined ? caps : [...caps, "source.local.sessionid"],
    platform: PLATFORM_SOURCES.some((scheme) => vertex.identifier.startsWith(scheme))
      ? (constraints.platform ?? context.platform)
      : undefined,
  };
}

/** With the digest that the engine resolved, so that what is built is what was looked at. */
function pinnedIdentifier(vertex: SourceVertex, context: LoweringContext): string {
  const scheme = "docker-image://";
  if (!vertex.identifier.startsWith(scheme)) return vertex.identifier;
  const digest = resolvedImage(vertex, context.platform, context)?.digest;
  if (digest === undefined) return vertex.identifier;
  const reference = parseImageReference(vertex.identifier.slice(scheme.length));
  if (reference.digest !== undefined && reference.digest !== digest) {
    throw invalidOp(`${vertex.identifier} was resolved to another digest, ${digest}`, {
      op: "source",
      site: vertex.site,
      hint: "Resolve the image by its digest.",
    });
  }
  return `${scheme}${formatImageReference({ ...reference, digest })}`;
}
