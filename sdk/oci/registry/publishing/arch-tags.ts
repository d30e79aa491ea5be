import type { Abortable } from "../../../core/abort.ts";
import { createLimiter, mapConcurrent } from "../../../core/concurrency.ts";
import { isKitsmithError } from "../../../core/errors.ts";
import { formatPlatform, type Platform, type PlatformText, parsePlatform } from "../../../core/platform.ts";
import { formatArchTag } from "../../model/arch-tag.ts";
import { type Descriptor, descriptorPlatform } from "../../model/descriptor.ts";
import { flattenIndex, imagesByPlatform } from "../../model/image-tree.ts";
import { isIndex, parseIndexOrManifest } from "../../model/manifest.ts";
import { isManifestMediaType } from "../../model/media-type.ts";
import type { RegistryClient } from "../client.ts";
import type { StoredManifest } from "../manifests.ts";
import type { Repository } from "../transport.ts";

/** Whose architectures are meant. */
export interface TaggedIndex extends Abortable {
  readonly client: RegistryClient;
  readonly repository: Repository;
  readonly tag: string;
  /** Annotations of images that shall stand in the index, too. */
  readonly indexedAnnotations?: readonly string[] | undefined;
  /** What others are likely to add at the same time: their tags are asked for, whatever a list of tags says. Default: none. */
  readonly expected?: readonly Platform[] | undefined;
}

/** Whatever others may have published beside ours: a tag that nobody asks for would not be believed. */
const KNOWN_PLATFORMS: readonly Platform[] = [
  ...["386", "amd64", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le"],
  ...["riscv64", "s390x", "amd64/v2", "amd64/v3", "amd64/v4", "arm/v5", "arm/v6", "arm/v7"],
].map((architecture) => parsePlatform(`linux/${architecture}`));
const LOOKUPS_AT_ONCE = 6;

/** Gives each image the tag of its architecture, which nobody else writes. */
export async function putArchTags(index: TaggedIndex, entries: readonly Descriptor[]): Promise<void> {
  const images = [...imagesByPlatform(entries).values()];
  await mapConcurrent(images, LOOKUPS_AT_ONCE, (image) => putArchTag(index, image));
}

async function putArchTag({ client, repository, tag, signal }: TaggedIndex, image: Descriptor): Promise<void> {
  const platform = descriptorPlatform(image);
  if (platform === undefined) return;
  const { registry, repository: path } = repository;
  const reference = { registry, repository: path, tag: formatArchTag(tag, platform) };
  const { content } = await client.getManifest({ registry, repository: path, digest: image.digest }, { signal });
  try {
    await client.putManifest(reference, { content, mediaType: image.mediaType }, { signal });
  } catch (error) {
    // A registry whose tags cannot be moved refuses what it has, too.
    if (!isKitsmithError(error) || !/^REGISTRY_(?:REJECTED|FORBIDDEN)$/.test(error.code)) throw error;
    if ((await client.resolveManifest(reference, { signal }))?.digest !== image.digest) throw error;
  }
}

/** One question in place of many. A list is believed if it is whole, and new enough to name the tags that we have just put. */
export async function listArchTags(
  { client, repository, tag, signal }: TaggedIndex,
  ours: readonly Descriptor[],
): Promise<ReadonlySet<string> | undefined> {
  const own = [...platformsOf(ours).values()].map((platform) => formatArchTag(tag, platform));
  if (own.length === 0) return undefined;
  const listed = await client.listFewTags(repository, { signal });
  return listed !== undefined && own.every((one) => listed.has(one)) ? listed : undefined;
}

/** Tells what lies under the tag of an architecture; each is looked at once. */
export type ArchTagLook = (platform: Platform) => Promise<Descriptor | undefined>;

/** Begins to look at what is surely there, or expected. */
export function lookAtArchTags(index: TaggedIndex, ours: readonly Descriptor[]): ArchTagLook {
  const { client, repository, tag, signal } = index;
  const { registry, repository: path } = repository;
  const limited = createLimiter(LOOKUPS_AT_ONCE);
  const looks = new Map<PlatformText, Promise<Descriptor | undefined>>();
  const look: ArchTagLook = (platform) => {
    const text = formatPlatform(platform);
    const reference = { registry, repository: path, tag: formatArchTag(tag, platform) };
    const found = looks.get(text) ?? limited(() => client.resolveManifest(reference, { signal }));
    looks.set(text, found);
    return found;
  };
  // Whoever needs the answer gets the failure.
  for (const platform of [...platformsOf(ours).values(), ...(index.expected ?? [])]) look(platform).catch(() => {});
  return look;
}

/**
 * What lies under the tags of single architectures: those that are known already, and those that are common.
 *
 * @param known - entries of the index, and our own; what they say of an image is kept
 * @param listed - the tags that there are; undefined where that is not known
 */
export async function readArchTags(
  index: TaggedIndex,
  look: ArchTagLook,
  known: readonly Descriptor[],
  listed: ReadonlySet<string> | undefined,
): Promise<readonly Descriptor[]> {
  const sure = new Map([...platformsOf(known), ...byText(index.expected ?? [])]);
  const byDigest = new Map(known.map((entry) => [entry.digest, entry]));
  const asked = [...new Map([...byText(KNOWN_PLATFORMS), ...sure])].filter(
    ([text, platform]) => listed === undefined || sure.has(text) || listed.has(formatArchTag(index.tag, platform)),
  );
  const found = await mapConcurrent(asked, LOOKUPS_AT_ONCE, async ([, platform]) =>
    readArchTag(index, await look(platform), byDigest),
  );
  return found.flat();
}

function platformsOf(entries: readonly Descriptor[]): ReadonlyMap<PlatformText, Platform> {
  return byText([...imagesByPlatform(entries).values()].flatMap((entry) => descriptorPlatform(entry) ?? []));
}

function byText(platforms: readonly Platform[]): ReadonlyMap<PlatformText, Platform> {
  return new Map(platforms.map((platform) => [formatPlatform(platform), platform]));
}

async function readArchTag(
  index: TaggedIndex,
  image: Descriptor | undefined,
  known: ReadonlyMap<string, Descriptor>,
): Promise<readonly Descriptor[]> {
  const { client, repository, signal } = index;
  const { registry, repository: path } = repository;
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
