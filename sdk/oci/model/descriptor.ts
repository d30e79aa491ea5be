import { type Digest, isDigest } from "../../core/digest.ts";
import { isRecord } from "../../core/json.ts";
import { normalizePlatform, type Platform } from "../../core/platform.ts";
import { corrupt, optionalRecord, optionalText, optionalTexts, textRecord } from "./fields.ts";

/** A platform as it stands in a descriptor. */
export interface DescriptorPlatform {
  readonly architecture: string;
  readonly os: string;
  readonly "os.version"?: string;
  readonly "os.features"?: readonly string[];
  readonly variant?: string;
}

/**
 * Names content by digest and size. Members have the names that the specification gives them, so a value is also its
 * JSON.
 *
 * @source https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 */
export interface Descriptor {
  readonly mediaType: string;
  /** In bytes. */
  readonly size: number;
  readonly digest: Digest;
  /** The content itself, base64. */
  readonly data?: string;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: DescriptorPlatform;
  readonly artifactType?: string;
}

/**
 * Reads a descriptor out of parsed JSON. Members that the specification does not have are dropped.
 *
 * @param origin - what the value is part of, for messages
 * @throws ContentError `CONTENT_CORRUPT`
 */
export function parseDescriptor(value: unknown, origin: string): Descriptor {
  if (!isRecord(value)) throw corrupt(`${origin}: a descriptor is not an object`);
  const { digest, size, mediaType } = value;
  if (typeof digest !== "string" || !isDigest(digest)) throw corrupt(`${origin}: a descriptor has no sha256 digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw corrupt(`${origin}: the descriptor of ${digest} has no size`);
  }
  if (typeof mediaType !== "string") throw corrupt(`${origin}: the descriptor of ${digest} has no media type`);
  const data = optionalText(value, "data", origin);
  const urls = optionalTexts(value, "urls", origin);
  const annotations = optionalRecord(value, "annotations", origin);
  const artifactType = optionalText(value, "artifactType", origin);
  const platform = parseDescriptorPlatform(value.platform, origin);
  return Object.freeze({
    mediaType,
    size,
    digest,
    ...(data === undefined ? {} : { data }),
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations: textRecord(annotations, `${origin}: annotations`) }),
    ...(platform === undefined ? {} : { platform }),
    ...(artifactType === undefined ? {} : { artifactType }),
  });
}

/** The platform that a descriptor is for; undefined for content of no platform, such as attestations. */
export function descriptorPlatform(descriptor: Descriptor): Platform | undefined {
  const platform = descriptor.platform;
  if (platform === undefined || platform.os === "unknown" || platform.architecture === "unknown") return undefined;
  return normalizePlatform({
    os: platform.os,
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
  });
}

/**
 * The descriptor with its members in the order in which Go's registry libraries write them, and annotations sorted:
 * equal descriptors give equal bytes.
 */
export function orderDescriptor(descriptor: Descriptor): Descriptor {
  const { mediaType, size, digest, data, urls, annotations, platform, artifactType } = descriptor;
  return {
    mediaType,
    size,
    digest,
    ...(data === undefined ? {} : { data }),
    ...(urls === undefined || urls.length === 0 ? {} : { urls }),
    ...(annotations === undefined || Object.keys(annotations).length === 0
      ? {}
      : { annotations: sortMembers(annotations) }),
    ...(platform === undefined ? {} : { platform: orderPlatform(platform) }),
    ...(artifactType === undefined || artifactType === "" ? {} : { artifactType }),
  };
}

/** A record with its members sorted by name. */
export function sortMembers(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function orderPlatform(platform: DescriptorPlatform): DescriptorPlatform {
  const version = platform["os.version"];
  const features = platform["os.features"];
  return {
    architecture: platform.architecture,
    os: platform.os,
    ...(version === undefined ? {} : { "os.version": version }),
    ...(features === undefined ? {} : { "os.features": features }),
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
  };
}

function parseDescriptorPlatform(value: unknown, origin: string): DescriptorPlatform | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) throw corrupt(`${origin}: a platform is not an object`);
  const version = optionalText(value, "os.version", origin);
  const features = optionalTexts(value, "os.features", origin);
  const variant = optionalText(value, "variant", origin);
  return Object.freeze({
    architecture: optionalText(value, "architecture", origin) ?? "",
    os: optionalText(value, "os", origin) ?? "",
    ...(version === undefined ? {} : { "os.version": version }),
    ...(features === undefined ? {} : { "os.features": features }),
    ...(variant === undefined ? {} : { variant }),
  });
}
