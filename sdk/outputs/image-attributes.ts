import { formatReference, type Reference } from "../oci/model/reference.ts";
import { type Compression, type CompressionType, compressionAttributes } from "./compression.ts";

/** What an image exporter is told of an image. */
export interface ImageSettings {
  /** The repository; a tag or digest in it is not used. Attestations name it as what they are about. */
  readonly repository: Reference;
  /** Of the image's manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly compression?: CompressionType | Compression | undefined;
  /** No time in the image and its layers is later than this one, seconds. */
  readonly epochSeconds?: number | undefined;
}

/**
 * Attributes that every image exporter gets. They are the same for the cache and for registries, so that one build
 * has one digest wherever it goes.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function imageAttributes(settings: ImageSettings): Readonly<Record<string, string>> {
  const { annotations, compression, epochSeconds, repository } = settings;
  return {
    name: formatReference({ registry: repository.registry, repository: repository.repository }),
    "oci-mediatypes": "true",
    ...compressionAttributes(compression),
    ...(epochSeconds === undefined ? {} : { ...epochAttributes(epochSeconds), "rewrite-timestamp": "true" }),
    ...Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`annotation.${key}`, value])),
  };
}

/** The time that every exporter gives to what it writes. */
export function epochAttributes(epochSeconds: number | undefined): Readonly<Record<string, string>> {
  return epochSeconds === undefined ? {} : { "source-date-epoch": String(epochSeconds) };
}
