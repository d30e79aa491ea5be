import { type Digest, digestOf } from "../../core/digest.ts";
import type { Platform } from "../../core/platform.ts";
import { checkPlatform } from "../argument.ts";
import type { Definition } from "../definition.ts";
import { walkVertices } from "../graph.ts";
import type { KnownBases, ResolvedStates } from "../image-config/base-image.ts";
import { MetadataCollector } from "../metadata.ts";
import type { NetworkMode, Op } from "../op.ts";
import type { StateValue } from "../state-value.ts";
import type { Output, RawVertex, Vertex } from "../vertex.ts";
import { type LoweringContext, lowerVertex } from "../vertex-op.ts";
import { encodeOp } from "./op-encoder.ts";
import { ProtoWriter } from "./proto-writer.ts";
import { SourceMapCollector } from "./source-map.ts";

/**
 * For what a graph is marshalled. Where `images` lacks a base image, processes start with an empty environment in `/`.
 */
export interface MarshalOptions extends KnownBases {
  /** Of every op whose state names none. */
  readonly platform: Platform | string;
  /** Filters that the worker of every op must match. */
  readonly requires?: readonly string[];
  /** The session that serves local sources which name none. Default: any session of the build. */
  readonly sessionId?: string | undefined;
  /** The network of processes whose state names none. Default: one of their own, as in Go's client. */
  readonly network?: NetworkMode;
  /** File names in the source map are relative to this directory. Default: as the runtime gives them. */
  readonly sourceRoot?: string;
}

/**
 * The graph that ends in a state, as BuildKit takes it: canonical bytes, inputs before their users, equal ops once,
 * the last op points at the result. Scratch gives an empty definition. Equal graphs give equal bytes.
 *
 * @throws GraphError `LLB_INVALID_OP`
 */
export function marshal(state: StateValue, options: MarshalOptions): Definition {
  if (state.output === undefined) return EMPTY_DEFINITION;
  const { output } = state;
  const writer = new ProtoWriter();
  const digests = new Map<Vertex, Digest>();
  const ops = new Map<Digest, Uint8Array>();
  const metadata = new MetadataCollector();
  const sources = new SourceMapCollector(options.sourceRoot);
  const context: LoweringContext = {
    platform: checkPlatform(options.platform, "marshal"),
    requires: options.requires ?? [],
    images: options.images,
    states: options.states,
    sessionId: options.sessionId,
    network: options.network,
    inputOf: (given) => {
      const { vertex, index } = inPlace(given, options.states);
      return { digest: digests.get(vertex) ?? "", index };
    },
  };
  for (const vertex of walkVertices(output.vertex, options.states)) {
    if (vertex.kind === "deferred" && options.states?.has(vertex) === true) continue;
    const { bytes, caps } = vertex.kind === "raw" ? vertex : encodeVertex(vertex, context, writer);
    const digest = digestOf(bytes);
    digests.set(vertex, digest);
    if (!ops.has(digest)) ops.set(digest, bytes);
    metadata.add(digest, vertex.constraints.metadata, caps);
    if (vertex.kind === "raw") sources.addKnown(digest, vertex.source);
    else sources.add(digest, vertex.site);
  }
  const pointer: Op = { inputs: [context.inputOf(output)] };
  const pointerBytes = encodeOp(pointer, writer);
  metadata.addPointer(digestOf(pointerBytes));
  const source = sources.finish();
  return Object.freeze({
    ops: Object.freeze([...ops.values(), pointerBytes]),
    metadata: metadata.finish(),
    ...(source === undefined ? {} : { source }),
  });
}

/** The output itself, or that of what took the place of its vertex. */
function inPlace(output: Output, states: ResolvedStates | undefined): Output {
  let place = output;
  for (let { vertex } = place; vertex.kind === "deferred"; { vertex } = place) {
    const resolved = states?.get(vertex);
    if (resolved === undefined) break;
    place = resolved.output;
  }
  return place;
}

function encodeVertex(
  vertex: Exclude<Vertex, RawVertex>,
  context: LoweringContext,
  writer: ProtoWriter,
): { readonly bytes: Uint8Array; readonly caps: readonly string[] } {
  const { op, caps } = lowerVertex(vertex, context);
  return { bytes: encodeOp(op, writer), caps };
}

const EMPTY_DEFINITION: Definition = Object.freeze({ ops: Object.freeze([]), metadata: new Map() });
