import type { Abortable } from "../../core/abort.ts";
import { ContentError } from "../../core/errors.ts";
import { formatPlatform, type Platform, samePlatform } from "../../core/platform.ts";
import type { Cache } from "../layout/cache.ts";
import { formatArchTag } from "../model/arch-tag.ts";
import { type Descriptor, descriptorPlatform } from "../model/descriptor.ts";
import { flattenIndex, readChildren } from "../model/image-tree.ts";
import { attestationSubject } from "../model/index-merge.ts";
import { isIndexMediaType } from "../model/media-type.ts";
import { formatReference, parseReference, type Reference, withTag } from "../model/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import { missingImage, pullImage } from "../registry/publishing/image-copy.ts";

/** What is pulled. */
export interface PullOptions extends Abortable {
  /** Only the images of these platforms, with their attestations. Default: everything that the index lists. */
  readonly platforms?: readonly Platform[];
}

/**
 * Fetches an image into the cache, whatever the cache holds under its name, and gives it that name; each image of an
 * index gets `name-arch`, too. The index is kept as it is, also where only some of its images are fetched.
 *
 * @throws RegistryError; ContentError, `CONTENT_NOT_FOUND` naming platforms that are not there
 */
export async function pullIntoCache(
  cache: Cache,
  client: RegistryClient,
  name: string,
  { platforms, signal }: PullOptions = {},
): Promise<Descriptor> {
  const reference = withDefaultTag(parseReference(name));
  const use = await cache.useContent({ signal });
  try {
    const root = await client.resolveManifest(reference, { signal });
    if (root === undefined) throw missingImage(reference);
    const reader = client.reader(reference);
    const entries = await flattenIndex(reader, root, { signal });
    const chosen = platforms === undefined ? entries : chooseEntries(entries, platforms, reference);
    for (const entry of chosen) await pullImage(client, byDigest(reference, entry), cache, { signal });
    await copyIndexes(cache, reader, root, signal);
    await cache.setReferences(namesOf(reference, root, chosen), { signal });
    return root;
  } finally {
    await use[Symbol.asyncDispose]();
  }
}

/** The images of the platforms, and what attests them. @throws ContentError `CONTENT_NOT_FOUND` */
function chooseEntries(
  entries: readonly Descriptor[],
  platforms: readonly Platform[],
  reference: Reference,
): readonly Descriptor[] {
  const isFor = (entry: Descriptor, wanted: Platform) => {
    const own = descriptorPlatform(entry);
    return own !== undefined && samePlatform(own, wanted);
  };
  const missing = platforms.filter((wanted) => !entries.some((entry) => isFor(entry, wanted)));
  if (missing.length > 0) throw missingPlatforms(reference, missing, entries);
  const images = entries.filter((entry) => platforms.some((wanted) => isFor(entry, wanted)));
  const digests = new Set(images.map(({ digest }) => digest));
  return entries.filter((entry) => digests.has(attestationSubject(entry) ?? entry.digest));
}

/** The index itself, and those that lie in it: the images that they list need not all be there. */
async function copyIndexes(
  cache: Cache,
  reader: ReturnType<RegistryClient["reader"]>,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!isIndexMediaType(descriptor.mediaType)) return;
  for (const child of await readChildren(reader, descriptor, { signal })) {
    await copyIndexes(cache, reader, child, signal);
  }
  if (await cache.hasBlob(descriptor)) return;
  await cache.writeBlob(await reader.readBlob(descriptor, { signal }), { expected: descriptor, signal });
}

function namesOf(
  reference: Reference,
  root: Descriptor,
  entries: readonly Descriptor[],
): ReadonlyMap<string, Descriptor> {
  const names = new Map<string, Descriptor>();
  const { tag } = reference;
  for (const entry of tag !== undefined && isIndexMediaType(root.mediaType) ? entries : []) {
    const platform = descriptorPlatform(entry);
    if (platform === undefined || tag === undefined) continue;
    names.set(formatReference(withTag(reference, formatArchTag(tag, platform))), entry);
  }
  return names.set(formatReference(reference), root);
}

function byDigest({ registry, repository }: Reference, { digest }: Descriptor): Reference {
  return { registry, repository, digest };
}

function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? withTag(reference, "latest") : reference;
}

function missingPlatforms(
  reference: Reference,
  missing: readonly Platform[],
  entries: readonly Descriptor[],
): ContentError {
  const wanted = missing.map(formatPlatform);
  const present = entries.flatMap((entry) => descriptorPlatform(entry) ?? []).map(formatPlatform);
  return new ContentError("CONTENT_NOT_FOUND", `${formatReference(reference)} has no image for ${wanted.join(", ")}`, {
    hint: `It has ${present.join(", ") || "none with a platform"}.`,
    details: { missing: wanted, platforms: present },
  });
}
