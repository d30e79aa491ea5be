import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Digest } from "../../core/digest.ts";
import { isDigest } from "../../core/digest.ts";
import type { Definition, SourceMap, VertexMetadata } from "../../llb/definition.ts";
import type {
  Definition as DefinitionMessage,
  DefinitionSchema,
  OpMetadata,
  OpMetadataSchema,
  Source,
  SourceSchema,
} from "../../proto/gen/ops_pb.js";

/** A definition as the daemon takes it. */
export function encodeDefinition(definition: Definition): MessageInitShape<typeof DefinitionSchema> {
  const metadata = [...definition.metadata].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    def: [...definition.ops],
    metadata: Object.fromEntries(metadata.map(([digest, vertex]) => [digest, encodeMetadata(vertex)])),
    ...(definition.source === undefined ? {} : { Source: encodeSource(definition.source) }),
  };
}

/** A definition that the daemon gave. */
export function decodeDefinition(message: DefinitionMessage): Definition {
  const metadata = new Map<Digest, VertexMetadata>();
  for (const [digest, vertex] of Object.entries(message.metadata)) {
    if (isDigest(digest)) metadata.set(digest, decodeMetadata(vertex));
  }
  return Object.freeze({
    ops: message.def,
    metadata,
    ...(message.Source === undefined ? {} : { source: decodeSource(message.Source) }),
  });
}

function encodeMetadata(vertex: VertexMetadata): MessageInitShape<typeof OpMetadataSchema> {
  const { ignoreCache, description, exportCache, caps, progressGroup, linuxResources } = vertex;
  return {
    ignoreCache: ignoreCache ?? false,
    description: { ...description },
    ...(exportCache === undefined ? {} : { exportCache: { Value: exportCache } }),
    caps: Object.fromEntries([...(caps ?? [])].sort().map((cap) => [cap, true])),
    ...(progressGroup === undefined ? {} : { progressGroup }),
    ...(linuxResources === undefined ? {} : { linuxResources }),
  };
}

function decodeMetadata(message: OpMetadata): VertexMetadata {
  const { ignoreCache, description, exportCache, caps, progressGroup, linuxResources } = message;
  return {
    ...(ignoreCache ? { ignoreCache } : {}),
    ...(Object.keys(description).length === 0 ? {} : { description }),
    ...(exportCache === undefined ? {} : { exportCache: exportCache.Value }),
    caps: Object.keys(caps).sort(),
    ...(progressGroup === undefined
      ? {}
      : { progressGroup: { id: progressGroup.id, name: progressGroup.name, weak: progressGroup.weak } }),
    ...(linuxResources === undefined ? {} : { linuxResources: resourcesOf({ ...linuxResources }) }),
  };
}

function resourcesOf(message: Readonly<Record<string, unknown>>): Record<string, bigint | string> {
  const resources: Record<string, bigint | string> = {};
  for (const [name, value] of Object.entries(message)) {
    if ((typeof value === "bigint" && value !== 0n) || (typeof value === "string" && !name.startsWith("$") && value)) {
      resources[name] = value;
    }
  }
  return resources;
}

function encodeSource(source: SourceMap): MessageInitShape<typeof SourceSchema> {
  return {
    infos: source.files.map(({ filename, data, language }) => ({
      filename,
      data: data ?? new Uint8Array(),
      language: language ?? "",
    })),
    locations: Object.fromEntries(
      [...source.locations].map(([digest, locations]) => [
        digest,
        { locations: locations.map(({ fileIndex, ranges }) => ({ sourceIndex: fileIndex, ranges: [...ranges] })) },
      ]),
    ),
  };
}

function decodeSource(message: Source): SourceMap {
  const locations = new Map<Digest, SourceMap["locations"] extends ReadonlyMap<Digest, infer L> ? L : never>();
  for (const [digest, { locations: found }] of Object.entries(message.locations)) {
    if (!isDigest(digest)) continue;
    locations.set(
      digest,
      found.map(({ sourceIndex, ranges }) => ({
        fileIndex: sourceIndex,
        ranges: ranges.map(({ start, end }) => ({
          start: { line: start?.line ?? 0, character: start?.character ?? 0 },
          end: { line: end?.line ?? 0, character: end?.character ?? 0 },
        })),
      })),
    );
  }
  return { files: message.infos.map(({ filename, data, language }) => ({ filename, data, language })), locations };
}
