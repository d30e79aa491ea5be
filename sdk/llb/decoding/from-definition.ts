import { type Digest, digestOf } from "../../core/digest.ts";
import type { Definition } from "../definition.ts";
import type { OpPlatform } from "../op.ts";
import { EMPTY_SETTINGS, withSettings } from "../settings.ts";
import { State } from "../state.ts";
import type { Output, RawVertex } from "../vertex.ts";
import { decodeOp } from "./op-decoder.ts";
import { decodeError } from "./proto-reader.ts";

/**
 * A state from a marshalled graph, such as what a frontend made of a Dockerfile. Its ops stay as they are, byte for
 * byte, with their metadata and source lines; what is built on it comes in addition. An empty definition is scratch.
 *
 * @throws GraphError `LLB_DECODE_FAILED`
 */
export function fromDefinition(definition: Definition): State {
  const vertices = new Map<string, RawVertex>();
  const platforms = new Map<RawVertex, OpPlatform>();
  const pointer = definition.ops.at(-1);
  if (pointer === undefined) return new State(undefined);
  for (const bytes of definition.ops.slice(0, -1)) {
    const op = decodeOp(bytes);
    const digest = digestOf(bytes);
    const vertex = rawVertex(
      definition,
      digest,
      bytes,
      op.inputs.map((input) => outputOf(vertices, input)),
    );
    vertices.set(digest, vertex);
    if (op.platform !== undefined) platforms.set(vertex, op.platform);
  }
  const [result] = decodeOp(pointer).inputs;
  if (result === undefined) throw decodeError("the last op does not point at a result");
  const output = outputOf(vertices, result);
  const platform = output.vertex.kind === "raw" ? platforms.get(output.vertex) : undefined;
  return new State(output, platform === undefined ? EMPTY_SETTINGS : withSettings(EMPTY_SETTINGS, { platform }));
}

function rawVertex(
  { metadata, source }: Definition,
  digest: Digest,
  bytes: Uint8Array,
  inputs: readonly Output[],
): RawVertex {
  const { caps = [], ...own } = metadata.get(digest) ?? {};
  return Object.freeze({
    kind: "raw",
    bytes: bytes.slice(),
    inputs: Object.freeze(inputs),
    caps,
    source,
    constraints: Object.freeze(Object.keys(own).length === 0 ? {} : { metadata: Object.freeze(own) }),
    site: undefined,
  });
}

function outputOf(
  vertices: ReadonlyMap<string, RawVertex>,
  input: { readonly digest: string; readonly index: number },
): Output {
  const vertex = vertices.get(input.digest);
  if (vertex === undefined) throw decodeError(`${input.digest} does not stand before its user`);
  return Object.freeze({ vertex, index: input.index });
}
