import type { Platform } from "../../core/platform.ts";
import { formatReference, parseReference, withTag } from "../../oci/model/reference.ts";

/** What the names of caches are made for. */
export interface CacheOwner {
  readonly platform: Platform;
  /** The image's name where several packages share a cache's setting; undefined for a package with its own. */
  readonly image?: string | undefined;
}

const DEFAULT_TAG = "buildcache";

/** A name of its own for each platform, and for each package of a set: two builds would else replace one another's cache. */
export function ownedName(name: string, { platform, image }: CacheOwner): string {
  const { os, architecture, variant } = platform;
  const parts = [image, os === "linux" ? undefined : os, architecture, variant];
  return [name, ...parts.filter((part) => part !== undefined && part !== "")].join("-");
}

/**
 * The reference of a registry cache; one with a digest stays as it is.
 *
 * @throws InputError `INPUT_REFERENCE_INVALID`
 */
export function cacheReference(ref: string, owner: CacheOwner | undefined): string {
  const reference = parseReference(ref);
  if (reference.digest !== undefined) return formatReference(reference);
  const { tag = DEFAULT_TAG } = reference;
  return formatReference(withTag(reference, owner === undefined ? tag : ownedName(tag, owner)));
}
