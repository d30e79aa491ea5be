import type { Digest } from "../../core/digest.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import type { AttestedImage } from "../../oci/model/attested-image.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import { annotateIndex, mergeIndex } from "../../oci/model/index-merge.ts";
import { describeContent, encodeIndex, isIndex, parseIndexOrManifest } from "../../oci/model/manifest.ts";
import { MEDIA_TYPES } from "../../oci/model/media-type.ts";
import { parseReference } from "../../oci/model/reference.ts";
import { pullImage } from "../../oci/registry/publishing/image-copy.ts";
import type { PlannedPackage } from "../../plan/plan.ts";
import type { RunNode } from "../build/node.ts";
import type { ImageOptions } from "../facade/options.ts";
import { pullAttestations } from "../facts/stored-attestations.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import { createCacheWay } from "./cache-way.ts";
import type { Destination, NodeImage } from "./destination.ts";
import { annotationsOfIndex, indexEntries } from "./image-annotations.ts";

/** Puts images into the OCI cache, under the names that the LinuxKit CLI gives them. */
export function createCacheDestination(stores: Stores, context: RunContext, options: ImageOptions = {}): Destination {
  return {
    output: createCacheWay(stores, context, options),
    settle: async () => {},
    transfer: (node) => pullAttested(node, stores, context),
    publish: (planned, images) => nameInCache(planned, images, stores, context),
  };
}

/** Fetches a node's image from the registry, with what is attested of it. */
async function pullAttested(node: RunNode, stores: Stores, context: RunContext): Promise<AttestedImage> {
  const image = await pullToCache(node, stores, context);
  const places = { client: stores.reader(), cache: await stores.cache() };
  return { image, attestations: await pullAttestations(node, image, places, context) };
}

/** Fetches a node's image from the registry. */
export async function pullToCache(node: RunNode, stores: Stores, { signal }: RunContext): Promise<Descriptor> {
  const { registry, repository } = parseReference(node.planned.reference);
  const digest = node.plan.image?.digest;
  const source = { registry, repository, ...(digest ? { digest } : {}) };
  return await pullImage(stores.reader(), source, await stores.cache(), { signal });
}

async function nameInCache(
  planned: PlannedPackage,
  images: readonly NodeImage[],
  stores: Stores,
  { signal, emit }: RunContext,
): Promise<Digest | undefined> {
  const cache = await stores.cache();
  for (const { node, image } of images) {
    await cache.setReference(node.plan.reference, image, { signal });
    emit({ type: "image.built", at: Date.now(), reference: node.plan.reference, digest: image.digest });
  }
  if (images.length === 0) return (await cache.resolve(planned.reference, { signal }))?.digest;
  const index = await cache.updateReference(planned.reference, (current) => extendIndex(cache, current, images), {
    signal,
  });
  if (index) emit({ type: "image.built", at: Date.now(), reference: planned.reference, digest: index.digest });
  return index?.digest;
}

async function extendIndex(
  cache: Cache,
  current: Descriptor | undefined,
  images: readonly NodeImage[],
): Promise<Descriptor> {
  const existing =
    current && parseIndexOrManifest(await cache.readBlob(current), { origin: `index ${current.digest}` });
  const merged = mergeIndex(existing && isIndex(existing) ? existing : undefined, images.flatMap(indexEntries));
  const bytes = encodeIndex(annotateIndex(merged, annotationsOfIndex(images, "index")));
  const descriptor = describeContent(bytes, MEDIA_TYPES.index);
  await cache.writeBlob(bytes, { expected: descriptor });
  return { ...descriptor, annotations: annotationsOfIndex(images, "index-descriptor") };
}
