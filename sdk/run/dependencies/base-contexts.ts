import { formatPlatform } from "../../core/platform.ts";
import { pullIntoCache } from "../../oci/cache/pull.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import { formatReference, parseReference } from "../../oci/model/reference.ts";
import type { RunNode } from "../build/node.ts";
import { findCached } from "../facts/stored-images.ts";
import type { Stores } from "../stores.ts";
import { cacheAddress } from "./dependency-builds.ts";
import type { NeededImage } from "./needed-images.ts";

/** An image that a build begins with or copies from, and what became of the node that made it, if one did in this run. */
export interface BaseImage {
  readonly image: NeededImage;
  readonly made?: { readonly node: RunNode; readonly descriptor: Descriptor | undefined };
}

/** How base images are looked for. */
export interface BaseContextOptions {
  readonly signal: AbortSignal;
  /** Those that the cache lacks are pulled into it. Default false. */
  readonly pull?: boolean;
}

/**
 * Where the frontend takes base images from, by the name that the Dockerfile has for them: the cache if it holds them, as
 * with LinuxKit, else what this run pushed. For others it asks their registries itself, unless they are pulled into the
 * cache first.
 *
 * @throws ContentError, RegistryError for one that is to be pulled and cannot be
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3/src/cmd/linuxkit/pkglib/docker.go
 */
export async function baseContexts(
  bases: readonly BaseImage[],
  stores: Stores,
  { signal, pull = false }: BaseContextOptions,
): Promise<Readonly<Record<string, string>>> {
  const named = bases.flatMap((base) => (base.image.name === undefined ? [] : [[base.image.name, base] as const]));
  const entries = named.map(async ([name, base]) => {
    const address = await addressOf(base, stores, { signal, pull });
    return address === undefined ? [] : [[name, address] as const];
  });
  return Object.fromEntries((await Promise.all(entries)).flat());
}

async function addressOf(
  { image, made }: BaseImage,
  stores: Stores,
  { signal, pull }: Required<BaseContextOptions>,
): Promise<string | undefined> {
  const cache = await stores.cache();
  if (made === undefined) {
    const cached = await cachedAddress(image, cache, signal);
    if (cached !== undefined || !pull) return cached;
    await pullIntoCache(cache, stores.reader(), image.reference, { platforms: [image.platform], signal });
    return await cachedAddress(image, cache, signal);
  }
  const { node, descriptor } = made;
  if (descriptor === undefined) return undefined;
  const missing = await cache.findMissing(descriptor, { signal });
  if (missing.length === 0) return cacheAddress(descriptor.digest);
  const { registry, repository } = parseReference(node.planned.reference);
  return `docker-image://${formatReference({ registry, repository, digest: descriptor.digest })}`;
}

async function cachedAddress(image: NeededImage, cache: Cache, signal: AbortSignal): Promise<string | undefined> {
  const cached = await findCached(cache, image.reference, { signal });
  const found = cached.get(formatPlatform(image.platform));
  return found && cacheAddress(found.descriptor.digest);
}
