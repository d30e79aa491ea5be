import type { Digest } from "../core/digest.ts";
import { ContentError } from "../core/errors.ts";
import { formatPlatform, type PlatformText, parsePlatform } from "../core/platform.ts";
import { type Cache, openCache } from "../oci/layout/cache.ts";
import { type Descriptor, descriptorPlatform } from "../oci/model/descriptor.ts";
import { parseImageConfig } from "../oci/model/image-config.ts";
import { isIndex, parseIndexOrManifest, parseManifest } from "../oci/model/manifest.ts";
import type { FluentPackage } from "../run/fluent-package.ts";
import type { BuildOptions } from "../run/options.ts";
import { defaultCacheDirectory } from "../run/stores.ts";
import { Image } from "./image.ts";
import { ImageTree } from "./image-tree.ts";

/**
 * Opens a package's image for a platform to look into it: from the OCI cache, into which it is built first where it is not
 * there.
 *
 * @throws what `build()` throws; ContentError `CONTENT_NOT_FOUND`
 * @example
 * ```ts
 * await using image = await openImage(pkg("pkg/init"), "linux/amd64");
 * expect(await image.readFile("/etc/init.d/010-onboot", "utf8")).toContain("onboot");
 * ```
 */
export async function openImage(
  source: FluentPackage,
  platform: PlatformText,
  options: BuildOptions = {},
): Promise<Image> {
  const { reference } = await source.platforms(platform).build(options);
  const cache = await openCache(options.cacheDirectory ?? defaultCacheDirectory(), options);
  return await openCachedImage(cache, reference, platform);
}

/**
 * Opens an image that the cache holds.
 *
 * @throws ContentError `CONTENT_NOT_FOUND`, `CONTENT_CORRUPT`
 */
export async function openCachedImage(cache: Cache, reference: string, text: PlatformText): Promise<Image> {
  const platform = parsePlatform(text);
  const descriptor = await findImage(cache, reference, formatPlatform(platform));
  const manifest = parseManifest(await cache.readBlob(descriptor), { origin: describe(descriptor.digest) });
  const config = parseImageConfig(await cache.readBlob(manifest.config), describe(manifest.config.digest));
  const tree = await ImageTree.read(manifest.layers, (layer) => cache.openBlob(layer));
  return new Image({ platform, reference, digest: descriptor.digest, config }, tree);
}

async function findImage(cache: Cache, reference: string, platform: PlatformText): Promise<Descriptor> {
  const root = await cache.resolve(reference);
  const content = root && parseIndexOrManifest(await cache.readBlob(root), { origin: describe(root.digest) });
  const found = content && isIndex(content) ? content.manifests.find((entry) => platformOf(entry) === platform) : root;
  if (found) return found;
  throw new ContentError("CONTENT_NOT_FOUND", `the cache has no ${reference} for ${platform}`, {
    hint: "Build it first.",
    details: { reference, platform },
  });
}

function platformOf(descriptor: Descriptor): PlatformText | undefined {
  const platform = descriptorPlatform(descriptor);
  return platform && formatPlatform(platform);
}

function describe(digest: Digest): string {
  return `blob ${digest}`;
}
