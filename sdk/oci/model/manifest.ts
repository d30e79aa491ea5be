import { digestOf } from "../../core/digest.ts";
import { type Descriptor, orderDescriptor, parseDescriptor, sortMembers } from "./descriptor.ts";
import { corrupt, optionalRecord, optionalText, parseJsonObject, requiredList, textRecord } from "./fields.ts";
import { isIndexMediaType, isManifestMediaType, MEDIA_TYPES } from "./media-type.ts";

/**
 * A list of manifests, one a platform.
 *
 * @source https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Descriptor;
}

/**
 * One image: its config and its layers.
 *
 * @source https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Descriptor;
}

/** As much as registries accept for one manifest. */
export const MANIFEST_LIMIT_BYTES: number = 4 * 1024 * 1024;
const ENTRY_LIMIT = 1000;

/** How content is read. */
export interface ParseOptions {
  /** What the content is, for messages. */
  readonly origin: string;
  /** The media type that its descriptor or the registry gave; the content must agree where it says one itself. */
  readonly mediaType?: string | undefined;
  /** Default 1000. */
  readonly entryLimit?: number;
}

/** Reads an index or a manifest, whichever it is. @throws ContentError `CONTENT_CORRUPT` */
export function parseIndexOrManifest(content: Uint8Array, options: ParseOptions): ImageIndex | ImageManifest {
  const fields = parseJsonObject(content, options.origin);
  return fields.manifests === undefined ? manifestFrom(fields, options) : indexFrom(fields, options);
}

/** Reads an index. @throws ContentError `CONTENT_CORRUPT` */
export function parseIndex(content: Uint8Array, options: ParseOptions): ImageIndex {
  return indexFrom(parseJsonObject(content, options.origin), options);
}

/** Reads the manifest of one image. @throws ContentError `CONTENT_CORRUPT` */
export function parseManifest(content: Uint8Array, options: ParseOptions): ImageManifest {
  return manifestFrom(parseJsonObject(content, options.origin), options);
}

/** True for an index. */
export function isIndex(value: ImageIndex | ImageManifest): value is ImageIndex {
  return "manifests" in value;
}

/** What an index or a manifest refers to directly, except its subject. */
export function childrenOf(value: ImageIndex | ImageManifest): readonly Descriptor[] {
  return isIndex(value) ? value.manifests : [value.config, ...value.layers];
}

/** An index with the given entries. */
export function createIndex(manifests: readonly Descriptor[]): ImageIndex {
  return Object.freeze({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.index,
    manifests: Object.freeze(manifests.map((manifest) => Object.freeze(orderDescriptor(manifest)))),
  });
}

/** An index's bytes: compact JSON, written as Go's encoder would, so that equal indexes have equal digests. */
export function encodeIndex(index: ImageIndex): Uint8Array {
  return new TextEncoder().encode(goJson(orderIndex(index)));
}

/** The text of a layout's index.json: three blanks of indent, as LinuxKit writes it. */
export function formatRootIndex(index: ImageIndex): string {
  return goJson(orderIndex(index), 3);
}

/** Describes bytes that are at hand. */
export function describeContent(content: Uint8Array, mediaType: string): Descriptor {
  return Object.freeze({ mediaType, size: content.byteLength, digest: digestOf(content) });
}

function orderIndex(index: ImageIndex): Readonly<Record<string, unknown>> {
  return {
    schemaVersion: index.schemaVersion,
    mediaType: index.mediaType,
    ...(index.artifactType === undefined ? {} : { artifactType: index.artifactType }),
    manifests: index.manifests.map(orderDescriptor),
    ...(index.annotations === undefined ? {} : { annotations: sortMembers(index.annotations) }),
    ...(index.subject === undefined ? {} : { subject: orderDescriptor(index.subject) }),
  };
}

/** Go's encoder escapes what HTML would read. */
function goJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function indexFrom(fields: Readonly<Record<string, unknown>>, options: ParseOptions): ImageIndex {
  const { origin } = options;
  // A document that can be read in two ways would mean one thing here and another elsewhere.
  if (fields.layers !== undefined || fields.config !== undefined || fields.fsLayers !== undefined) {
    throw corrupt(`${origin} is an index and a manifest at once`);
  }
  const mediaType = agreedMediaType(fields, options, MEDIA_TYPES.index);
  if (!isIndexMediaType(mediaType)) throw corrupt(`${origin} is an index, but its media type is ${mediaType}`);
  const manifests = requiredList(fields, "manifests", options.entryLimit ?? ENTRY_LIMIT, origin);
  return Object.freeze({
    schemaVersion: schemaVersion(fields, origin),
    mediaType,
    manifests: Object.freeze(manifests.map((entry) => parseDescriptor(entry, origin))),
    ...commonMembers(fields, origin),
  });
}

function manifestFrom(fields: Readonly<Record<string, unknown>>, options: ParseOptions): ImageManifest {
  const { origin } = options;
  if (fields.manifests !== undefined || fields.fsLayers !== undefined) {
    throw corrupt(`${origin} is not the manifest of one image`);
  }
  const mediaType = agreedMediaType(fields, options, MEDIA_TYPES.manifest);
  if (!isManifestMediaType(mediaType)) throw corrupt(`${origin} is a manifest, but its media type is ${mediaType}`);
  const layers = requiredList(fields, "layers", options.entryLimit ?? ENTRY_LIMIT, origin);
  return Object.freeze({
    schemaVersion: schemaVersion(fields, origin),
    mediaType,
    config: parseDescriptor(fields.config, origin),
    layers: Object.freeze(layers.map((entry) => parseDescriptor(entry, origin))),
    ...commonMembers(fields, origin),
  });
}

function schemaVersion(fields: Readonly<Record<string, unknown>>, origin: string): 2 {
  if (fields.schemaVersion !== 2) throw corrupt(`${origin} has schema version ${String(fields.schemaVersion)}, not 2`);
  return 2;
}

function agreedMediaType(fields: Readonly<Record<string, unknown>>, options: ParseOptions, fallback: string): string {
  const own = optionalText(fields, "mediaType", options.origin) || undefined;
  if (own !== undefined && options.mediaType !== undefined && own !== options.mediaType) {
    throw corrupt(`${options.origin} says it is ${own}, but was announced as ${options.mediaType}`);
  }
  return own ?? options.mediaType ?? fallback;
}

function commonMembers(
  fields: Readonly<Record<string, unknown>>,
  origin: string,
): Pick<ImageIndex, "artifactType" | "annotations" | "subject"> {
  const artifactType = optionalText(fields, "artifactType", origin);
  const annotations = optionalRecord(fields, "annotations", origin);
  return {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations: textRecord(annotations, `${origin}: annotations`) }),
    ...(fields.subject === undefined || fields.subject === null
      ? {}
      : { subject: parseDescriptor(fields.subject, origin) }),
  };
}
