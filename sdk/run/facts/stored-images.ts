import type { Digest } from "../../core/digest.ts";
import { RegistryError } from "../../core/errors.ts";
import { formatPlatform, type Platform, type PlatformText } from "../../core/platform.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import type { ContentReader } from "../../oci/model/content.ts";
import { type Descriptor, descriptorPlatform } from "../../oci/model/descriptor.ts";
import { parseImageConfig } from "../../oci/model/image-config.ts";
import { isIndex, parseIndexOrManifest } from "../../oci/model/manifest.ts";
import { parseReference } from "../../oci/model/reference.ts";
import type { RegistryClient } from "../../oci/registry/client.ts";
import type { StoredManifest } from "../../oci/registry/manifests.ts";
import { INPUTS_ANNOTATION } from "../../plan/inputs.ts";
import type { RegistryAnswer, StoredImage } from "../../plan/plan.ts";

/** Images of one reference, by platform. */
export type ImagesByPlatform = ReadonlyMap<PlatformText, StoredImage>;

/** The complete images that the cache holds under a reference. */
export async function findCached(cache: Cache, reference: string, signal: AbortSignal): Promise<ImagesByPlatform> {
  const root = await cache.resolve(reference, { signal });
  if (!root) return new Map();
  const content = await cache.readBlob(root, { signal });
  const images = await imagesOf({ descriptor: root, content }, cache, signal);
  const complete = new Map<PlatformText, StoredImage>();
  for (const [platform, descriptor] of images) {
    const missing = await cache.findMissing(descriptor, { signal });
    if (missing.length === 0) complete.set(platform, storedImage(descriptor));
  }
  return complete;
}

/** What the registry holds under a reference. */
export interface PublishedImages {
  readonly index?: Digest;
  answer(platform: Platform): RegistryAnswer;
}

/** Asks the registry. Only a 404 counts as absent; any other refusal, and no answer, is `unknown`. */
export async function findPublished(
  client: RegistryClient,
  reference: string,
  signal: AbortSignal,
): Promise<PublishedImages> {
  try {
    const parsed = parseReference(reference);
    const root = await client.findManifest(parsed, { signal });
    if (!root) return { answer: () => ({ kind: "absent" }) };
    const images = await imagesOf(root, client.reader(parsed), signal);
    return {
      index: root.descriptor.digest,
      answer: (platform) => {
        const descriptor = images.get(formatPlatform(platform));
        return descriptor ? { kind: "present", image: storedImage(descriptor) } : { kind: "absent" };
      },
    };
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    return { answer: () => ({ kind: "unknown", why: cause.message, cause }) };
  }
}

async function imagesOf(
  { descriptor: root, content: bytes }: StoredManifest,
  reader: ContentReader,
  signal: AbortSignal,
): Promise<ReadonlyMap<PlatformText, Descriptor>> {
  const origin = `manifest ${root.digest}`;
  const content = parseIndexOrManifest(bytes, { mediaType: root.mediaType, origin });
  if (!isIndex(content)) {
    const config = parseImageConfig(
      await reader.readBlob(content.config, { signal }),
      `config ${content.config.digest}`,
    );
    return new Map([[formatPlatform(config.platform), { ...root, annotations: content.annotations ?? {} }]]);
  }
  const images = new Map<PlatformText, Descriptor>();
  for (const descriptor of content.manifests) {
    const platform = descriptorPlatform(descriptor);
    if (platform) images.set(formatPlatform(platform), descriptor);
  }
  return images;
}

function storedImage(descriptor: Descriptor): StoredImage {
  const inputs = descriptor.annotations?.[INPUTS_ANNOTATION];
  return { descriptor, ...(inputs === undefined ? {} : { inputs }) };
}
