import type { Abortable } from "../../core/abort.ts";
import type { Digest } from "../../core/digest.ts";
import { RegistryError } from "../../core/errors.ts";
import { formatPlatform, type Platform, type PlatformText } from "../../core/platform.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import { attestationsOf } from "../../oci/model/attested-image.ts";
import type { ContentReader } from "../../oci/model/content.ts";
import { type Descriptor, descriptorPlatform } from "../../oci/model/descriptor.ts";
import { parseImageConfig } from "../../oci/model/image-config.ts";
import { isIndex, parseIndexOrManifest } from "../../oci/model/manifest.ts";
import { parseReference } from "../../oci/model/reference.ts";
import type { RegistryClient } from "../../oci/registry/client.ts";
import type { StoredManifest } from "../../oci/registry/manifests.ts";
import { INPUTS_ANNOTATION } from "../../plan/inputs.ts";
import type { RegistryAnswer, StoredImage } from "../../plan/plan.ts";
import { attestedKinds } from "./stored-attestations.ts";

/** Images of one reference, by platform. */
export type ImagesByPlatform = ReadonlyMap<PlatformText, StoredImage>;

/** How images are looked for. */
export interface FindOptions extends Abortable {
  /** Whether to find out what is attested of each, too. Default false. */
  readonly attested?: boolean;
}

/** The complete images that the cache holds under a reference. */
export async function findCached(cache: Cache, reference: string, options: FindOptions): Promise<ImagesByPlatform> {
  const { signal } = options;
  const root = await cache.resolve(reference, { signal });
  if (!root) return new Map();
  const content = await cache.readBlob(root, { signal });
  const images = await imagesOf({ descriptor: root, content }, cache, options);
  const complete = new Map<PlatformText, StoredImage>();
  for (const [platform, image] of images) {
    const missing = await cache.findMissing(image.descriptor, { signal });
    if (missing.length === 0) complete.set(platform, image);
  }
  return complete;
}

/** What the registry holds under a reference. */
export interface PublishedImages {
  readonly index?: Digest;
  /** The images that are there; undefined where the registry did not say. */
  readonly images?: ImagesByPlatform;
  answer(platform: Platform): RegistryAnswer;
}

/** Asks the registry. Only a 404 counts as absent; any other refusal, and no answer, is `unknown`. */
export async function findPublished(
  client: RegistryClient,
  reference: string,
  options: FindOptions,
): Promise<PublishedImages> {
  try {
    const parsed = parseReference(reference);
    const root = await client.findManifest(parsed, { signal: options.signal });
    if (!root) return { answer: () => ({ kind: "absent" }) };
    const images = await imagesOf(root, client.reader(parsed), options);
    return publishedImages(root.descriptor.digest, images);
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    return { answer: () => ({ kind: "unknown", why: cause.message, cause }) };
  }
}

/** The same from an answer that is known. */
export function publishedImages(index: Digest, images: ImagesByPlatform): PublishedImages {
  return {
    index,
    images,
    answer: (platform) => {
      const image = images.get(formatPlatform(platform));
      return image ? { kind: "present", image } : { kind: "absent" };
    },
  };
}

/** An image as its entry describes it. */
export function storedImage(descriptor: Descriptor): StoredImage {
  const inputs = descriptor.annotations?.[INPUTS_ANNOTATION];
  return { descriptor, ...(inputs === undefined ? {} : { inputs }) };
}

async function imagesOf(
  { descriptor: root, content: bytes }: StoredManifest,
  reader: ContentReader,
  { signal, attested = false }: FindOptions,
): Promise<ImagesByPlatform> {
  const origin = `manifest ${root.digest}`;
  const content = parseIndexOrManifest(bytes, { mediaType: root.mediaType, origin });
  const toStored = async (descriptor: Descriptor, entries: readonly Descriptor[]): Promise<StoredImage> => {
    return {
      ...storedImage(descriptor),
      ...(attested ? { attested: await attestedKinds(attestationsOf(entries, descriptor), reader, { signal }) } : {}),
    };
  };
  if (!isIndex(content)) {
    const config = parseImageConfig(
      await reader.readBlob(content.config, { signal }),
      `config ${content.config.digest}`,
    );
    const image = await toStored({ ...root, annotations: content.annotations ?? {} }, []);
    return new Map([[formatPlatform(config.platform), image]]);
  }
  const images = new Map<PlatformText, StoredImage>();
  for (const descriptor of content.manifests) {
    const platform = descriptorPlatform(descriptor);
    if (platform) images.set(formatPlatform(platform), await toStored(descriptor, content.manifests));
  }
  return images;
}
