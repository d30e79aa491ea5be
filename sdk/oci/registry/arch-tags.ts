import type { Abortable } from "../../core/abort.ts";
import { mapConcurrent } from "../../core/concurrency.ts";
import { formatPlatform, type Platform, parsePlatform } from "../../core/platform.ts";
import { formatArchTag } from "../model/arch-tag.ts";
import { type Descriptor, descriptorPlatform } from "../model/descriptor.ts";
import { flattenIndex, imagesByPlatform } from "../model/image-tree.ts";
import { isIndex, parseIndexOrManifest } from "../model/manifest.ts";
import { isManifestMediaType } from "../model/media-type.ts";
import type { RegistryClient } from "./client.ts";
import type { StoredManifest } from "./manifests.ts";
import type { Repository } from "./transport.ts";

/** Whose architectures are meant. */
export interface TaggedIndex extends Abortable {
  readonly client: RegistryClient;
  readonly repository: Repository;
  readonly tag: string;
  /** Annotations of images that shall stand in the index, too. */
  readonly indexedAnnotations?: readonly string[] | undefined;
}

/** Whatever others may have published beside ours: a tag that nobody asks for would not be believed. */
const KNOWN_PLATFORMS: readonly Platform[] = [
  ...["386", "amd64", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le"],
  ...["riscv64", "s390x", "amd64/v2", "amd64/v3", "amd64/v4", "arm/v5", "arm/v6", "arm/v7"],
].map((architecture) => parsePlatform(`linux/${architecture}`));
const LOOKUPS_AT_ONCE = 6;

/** Gives each image the tag of its architecture, which nobody else writes. */
export async function putArchTags(index: TaggedIndex, entries: readonly Descriptor[]): Promise<void> {
  const { client, repository, tag, signal } = index;
  const { registry, repository: path } = repository;
  for (const entry of imagesByPlatform(entries).values()) {
    const platform = descriptorPlatform(entry);
    if (platform === undefined) continue;
    const reference = { registry, repository: path, tag: formatArchTag(tag, platform) };
    const known = await client.resolveManifest(reference, { signal });
    if (known?.digest === entry.digest) continue;
    const { content } = await client.getManifest({ registry, repository: path, digest: entry.digest }, { signal });
    await client.putManifest(reference, { content, mediaType: entry.mediaType }, { signal });
  }
}

/**
 * What lies under the tags of single architectures: those that are known already, and those that are common.
 *
 * @param known - entries of the index; what they say of an image is kept
 */
export async function readArchTags(index: TaggedIndex, known: readonly Descriptor[]): Promise<readonly Descriptor[]> {
  const platforms = new Map(KNOWN_PLATFORMS.map((platform) => [formatPlatform(platform), platform]));
  for (const entry of imagesByPlatform(known).values()) {
    const platform = descriptorPlatform(entry);
    if (platform !== undefined) platforms.set(formatPlatform(platform), platform);
  }
  const byDigest = new Map(known.map((entry) => [entry.digest, entry]));
  const found = await mapConcurrent([...platforms.values()], LOOKUPS_AT_ONCE, (platform) =>
    readArchTag(index, platform, byDigest),
  );
  return found.flat();
}

async function readArchTag(
  index: TaggedIndex,
  platform: Platform,
  known: ReadonlyMap<string, Descriptor>,
): Promise<readonly Descriptor[]> {
  const { client, repository, tag, signal } = index;
  const { registry, repository: path } = repository;
  const reference = { registry, repository: path, tag: formatArchTag(tag, platform) };
  const image = await client.resolveManifest(reference, { signal });
  if (image === undefined) return [];
  const listed = known.get(image.digest);
  if (listed !== undefined) return [listed];
  const stored = await client.getManifest({ registry, repository: path, digest: image.digest }, { signal });
  // Older tools put an index under the tag of one architecture.
  const entries = await flattenIndex(client.reader(repository), stored.descriptor, { signal });
  return isManifestMediaType(image.mediaType) ? entries.map((entry) => annotated(entry, stored, index)) : entries;
}

/** Another writer's image as that writer would list it. */
function annotated(
  entry: Descriptor,
  { content, descriptor }: StoredManifest,
  { indexedAnnotations = [] }: TaggedIndex,
): Descriptor {
  const manifest = parseIndexOrManifest(content, { origin: descriptor.digest, mediaType: descriptor.mediaType });
  if (isIndex(manifest)) return entry;
  const shown = Object.entries(manifest.annotations ?? {}).filter(([name]) => indexedAnnotations.includes(name));
  return shown.length === 0 ? entry : { ...entry, annotations: { ...entry.annotations, ...Object.fromEntries(shown) } };
}
