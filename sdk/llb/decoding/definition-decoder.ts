import { type Digest, digestOf, isDigest } from "../../core/digest.ts";
import { deepFreeze } from "../../core/freeze.ts";
import type { Definition, SourceMap, SourceRange, VertexMetadata } from "../definition.ts";
import { decodeEntry, decodeOp } from "./op-decoder.ts";
import { decodeError, ProtoReader } from "./proto-reader.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Locations = SourceMap["locations"] extends ReadonlyMap<Digest, infer Value> ? Value : never;

/**
 * Reads a `pb.Definition`: what {@link encodeDefinition}, `buildctl` and BuildKit's clients write. The graph is checked:
 * inputs stand before their users, and the last op points at the result. The definition of a source file's own build
 * is left out.
 *
 * @throws GraphError `LLB_DECODE_FAILED`
 */
export function decodeDefinition(bytes: Uint8Array): Definition {
  const ops: Uint8Array[] = [];
  const metadata = new Map<Digest, VertexMetadata>();
  let source: SourceMap | undefined;
  new ProtoReader(bytes).readFields({
    1: (field) => ops.push(field.bytes()),
    2: (field) => {
      const { digest, value } = decodeMapEntry(field.message(), decodeMetadata);
      metadata.set(digest, value ?? Object.freeze({}));
    },
    3: (field) => (source = decodeSourceMap(field.message())),
  });
  checkGraph(ops);
  return Object.freeze({ ops: Object.freeze(ops), metadata, ...(source === undefined ? {} : { source }) });
}

function checkGraph(ops: readonly Uint8Array[]): void {
  const known = new Set<string>();
  for (const [index, bytes] of ops.entries()) {
    const op = decodeOp(bytes);
    for (const { digest } of op.inputs) {
      if (!known.has(digest)) throw decodeError(`op ${index} needs ${digest}, which does not stand before it`);
    }
    const isLast = index === ops.length - 1;
    if (isLast !== (op.body === undefined) || (isLast && op.inputs.length === 0)) {
      throw decodeError(isLast ? "the last op does not point at a result" : `op ${index} does nothing`);
    }
    known.add(digestOf(bytes));
  }
}

/** An entry of a map from digests to messages. */
function decodeMapEntry<Value>(
  reader: ProtoReader,
  decode: (reader: ProtoReader) => Value,
): { readonly digest: Digest; readonly value: Value | undefined } {
  let digest = "";
  let value: Value | undefined;
  reader.readFields({ 1: (field) => (digest = field.string()), 2: (field) => (value = decode(field.message())) });
  if (!isDigest(digest)) throw decodeError(`"${digest}" is not a digest`);
  return { digest, value };
}

function decodeMetadata(reader: ProtoReader): VertexMetadata {
  const metadata: Writable<VertexMetadata> = {};
  const description: [string, string][] = [];
  const caps: string[] = [];
  reader.readFields({
    1: (field) => (metadata.ignoreCache = field.bool()),
    2: (field) => description.push(decodeEntry(field.message())),
    4: (field) => (metadata.exportCache = decodeFlag(field.message())),
    5: (field) => caps.push(...decodeCap(field.message())),
    6: (field) => (metadata.progressGroup = decodeGroup(field.message())),
    7: (field) => (metadata.linuxResources = decodeResources(field.message())),
  });
  if (description.length > 0) metadata.description = Object.fromEntries(description);
  if (caps.length > 0) metadata.caps = caps;
  return deepFreeze(metadata);
}

function decodeFlag(reader: ProtoReader): boolean {
  let value = false;
  reader.readFields({ 1: (field) => (value = field.bool()) });
  return value;
}

function decodeCap(reader: ProtoReader): string[] {
  const cap = { id: "", used: false };
  reader.readFields({ 1: (field) => (cap.id = field.string()), 2: (field) => (cap.used = field.bool()) });
  return cap.used ? [cap.id] : [];
}

function decodeGroup(reader: ProtoReader): NonNullable<VertexMetadata["progressGroup"]> {
  const group: Writable<NonNullable<VertexMetadata["progressGroup"]>> = { id: "", name: "" };
  reader.readFields({
    1: (field) => (group.id = field.string()),
    2: (field) => (group.name = field.string()),
    3: (field) => (group.weak = field.bool()),
  });
  return group;
}

function decodeResources(reader: ProtoReader): Record<string, bigint | string> {
  const resources: Record<string, bigint | string> = {};
  reader.readFields({
    1: (field) => (resources.memory = field.int64()),
    2: (field) => (resources.memorySwap = field.int64()),
    3: (field) => (resources.cpuShares = field.uint64()),
    4: (field) => (resources.cpuPeriod = field.uint64()),
    5: (field) => (resources.cpuQuota = field.int64()),
    6: (field) => (resources.cpusetCpus = field.string()),
    7: (field) => (resources.cpusetMems = field.string()),
  });
  return resources;
}

function decodeSourceMap(reader: ProtoReader): SourceMap {
  const locations = new Map<Digest, Locations>();
  const files: SourceMap["files"][number][] = [];
  reader.readFields({
    1: (field) => {
      const { digest, value } = decodeMapEntry(field.message(), decodeLocations);
      locations.set(digest, value ?? []);
    },
    2: (field) => files.push(decodeFileInfo(field.message())),
  });
  for (const { fileIndex } of [...locations.values()].flat()) {
    if (files[fileIndex] === undefined) throw decodeError(`there is no source file ${fileIndex}`);
  }
  return Object.freeze({ files: deepFreeze(files), locations });
}

function decodeFileInfo(reader: ProtoReader): SourceMap["files"][number] {
  const file: Writable<SourceMap["files"][number]> = { filename: "" };
  reader.readFields({
    1: (field) => (file.filename = field.string()),
    2: (field) => (file.data = field.bytes()),
    4: (field) => (file.language = field.string()),
  });
  return file;
}

function decodeLocations(reader: ProtoReader): Locations {
  const locations: Locations[number][] = [];
  reader.readFields({ 1: (field) => locations.push(decodeLocation(field.message())) });
  return deepFreeze(locations);
}

function decodeLocation(reader: ProtoReader): Locations[number] {
  let fileIndex = 0;
  const ranges: SourceRange[] = [];
  reader.readFields({
    1: (field) => (fileIndex = field.int()),
    2: (field) => ranges.push(decodeRange(field.message())),
  });
  return { fileIndex, ranges };
}

function decodeRange(reader: ProtoReader): SourceRange {
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  reader.readFields({
    1: (field) => (range.start = decodePosition(field.message())),
    2: (field) => (range.end = decodePosition(field.message())),
  });
  return range;
}

function decodePosition(reader: ProtoReader): SourceRange["start"] {
  const position = { line: 0, character: 0 };
  reader.readFields({ 1: (field) => (position.line = field.int()), 2: (field) => (position.character = field.int()) });
  return position;
}
