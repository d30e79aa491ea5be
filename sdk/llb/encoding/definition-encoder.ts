import type { Definition, SourceMap, SourceRange, VertexMetadata } from "../definition.ts";
import { compareUtf8, ProtoWriter } from "./proto-writer.ts";

const RESOURCE_FIELDS: Readonly<Record<string, number>> = {
  memory: 1,
  memorySwap: 2,
  cpuShares: 3,
  cpuPeriod: 4,
  cpuQuota: 5,
  cpusetCpus: 6,
  cpusetMems: 7,
};

/** The bytes of a `pb.Definition`, as buildctl reads it: maps are sorted, so equal definitions give equal bytes. */
export function encodeDefinition(definition: Definition): Uint8Array {
  const writer = new ProtoWriter();
  for (const op of definition.ops) writer.bytesAlways(1, op);
  for (const [digest, metadata] of sorted(definition.metadata)) {
    const entry = writer.begin(2);
    writer.stringAlways(1, digest);
    const value = writer.begin(2);
    encodeMetadata(writer, metadata);
    writer.end(value);
    writer.end(entry);
  }
  if (definition.source !== undefined) encodeSourceMap(writer, definition.source);
  return writer.finish();
}

function encodeMetadata(writer: ProtoWriter, metadata: VertexMetadata): void {
  const { exportCache, progressGroup, linuxResources } = metadata;
  writer.bool(1, metadata.ignoreCache);
  writer.map(2, metadata.description);
  if (exportCache !== undefined) {
    const mark = writer.begin(4);
    writer.bool(1, exportCache);
    writer.end(mark);
  }
  for (const cap of [...(metadata.caps ?? [])].sort(compareUtf8)) {
    const entry = writer.begin(5);
    writer.stringAlways(1, cap);
    writer.bool(2, true);
    writer.end(entry);
  }
  if (progressGroup !== undefined) {
    const mark = writer.begin(6);
    writer.string(1, progressGroup.id);
    writer.string(2, progressGroup.name);
    writer.bool(3, progressGroup.weak);
    writer.end(mark);
  }
  if (linuxResources !== undefined) {
    const mark = writer.begin(7);
    encodeResources(writer, linuxResources);
    writer.end(mark);
  }
}

function encodeResources(writer: ProtoWriter, resources: NonNullable<VertexMetadata["linuxResources"]>): void {
  for (const [name, field] of Object.entries(RESOURCE_FIELDS)) {
    const value = resources[name];
    if (typeof value === "bigint") writer.int(field, value);
    else writer.string(field, value);
  }
}

function encodeSourceMap(writer: ProtoWriter, { files, locations }: SourceMap): void {
  const source = writer.begin(3);
  for (const [digest, places] of sorted(locations)) {
    const entry = writer.begin(1);
    writer.stringAlways(1, digest);
    const value = writer.begin(2);
    for (const { fileIndex, ranges } of places) {
      const place = writer.begin(1);
      writer.int(1, fileIndex);
      for (const range of ranges) encodeRange(writer, range);
      writer.end(place);
    }
    writer.end(value);
    writer.end(entry);
  }
  for (const { filename, data, language } of files) {
    const info = writer.begin(2);
    writer.string(1, filename);
    writer.bytes(2, data);
    writer.string(4, language);
    writer.end(info);
  }
  writer.end(source);
}

function encodeRange(writer: ProtoWriter, { start, end }: SourceRange): void {
  const range = writer.begin(2);
  for (const [field, position] of [
    [1, start],
    [2, end],
  ] as const) {
    const mark = writer.begin(field);
    writer.int(1, position.line);
    writer.int(2, position.character);
    writer.end(mark);
  }
  writer.end(range);
}

function sorted<Value>(map: ReadonlyMap<string, Value>): (readonly [string, Value])[] {
  return [...map].sort(([left], [right]) => compareUtf8(left, right));
}
