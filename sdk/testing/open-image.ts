import type { PlatformText } from "../core/platform.ts";
import { openCachedImage } from "../image/cached-image.ts";
import type { Image } from "../image/image.ts";
import { openCache } from "../oci/layout/cache.ts";
import { defaultCacheDirectory } from "../run/destinations/cache-directory.ts";
import type { FluentPackage } from "../run/facade/fluent-package.ts";
import type { BuildOptions } from "../run/facade/options.ts";

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
