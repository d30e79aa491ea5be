import { type Abortable, delay } from "../../core/abort.ts";
import { mapConcurrent } from "../../core/concurrency.ts";
import { digestOf } from "../../core/digest.ts";
import { isKitsmithError, RegistryError } from "../../core/errors.ts";
import { formatPlatform, type Platform, parsePlatform } from "../../core/platform.ts";
import { formatArchTag } from "../model/arch-tag.ts";
import { type Descriptor, descriptorPlatform } from "../model/descriptor.ts";
import { flattenIndex, imagesByPlatform } from "../model/image-tree.ts";
import { mergeIndex } from "../model/index-merge.ts";
import { createIndex, encodeIndex, type ImageIndex, isIndex, parseIndexOrManifest } from "../model/manifest.ts";
import { isIndexMediaType } from "../model/media-type.ts";
import { formatReference, type Reference } from "../model/reference.ts";
import type { RegistryClient } from "./client.ts";
import type { Repository } from "./transport.ts";

/** What is published under which tag. */
export interface PublishRequest extends Abortable {
  readonly client: RegistryClient;
  readonly repository: Repository;
  readonly tag: string;
  /** Images with their platforms, and attestations; all of it is in the repository already, by digest. */
  readonly entries: readonly Descriptor[];
  /**
   * Put `tag-arch` for each image, and believe those tags: then any number of writers can add architectures at once.
   * Default true. Without them a second writer is refused where it is noticed.
   */
  readonly archTags?: boolean | undefined;
}

const ROUNDS = 20;
const PAUSE_MS = 50;
/** Whatever others may have published beside ours: a tag that nobody asks for would not be believed. */
const KNOWN_PLATFORMS: readonly Platform[] = [
  ...[
    "386",
    "amd64",
    "arm64",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mipsle",
    "ppc64",
    "ppc64le",
    "riscv64",
    "s390x",
  ],
  ...["amd64/v2", "amd64/v3", "amd64/v4", "arm/v5", "arm/v6", "arm/v7"],
].map((architecture) => parsePlatform(`linux/${architecture}`));
const LOOKUPS_AT_ONCE = 6;

/**
 * Adds images to what a tag lists, and keeps what is there.
 *
 * Registries cannot compare and swap. So each image gets its own tag first, which nobody else writes; then the index is
 * made of what is under those tags and of what it listed, put, and read again with the tags, until nothing changes. Who
 * writes last has seen everybody's tags.
 *
 * @returns the index as it stands under the tag in the end
 * @throws RegistryError `REGISTRY_INDEX_CONFLICT` if others keep changing it, and as every call
 */
export async function publishIndex(request: PublishRequest): Promise<Descriptor> {
  const archTags = request.archTags ?? true;
  if (archTags) await putArchTags(request);
  let mine: Descriptor | undefined;
  for (let round = 0; round < ROUNDS; round += 1) {
    const current = await readIndex(request);
    if (!archTags && mine !== undefined && current?.descriptor.digest !== mine.digest) throw conflict(request);
    const tagged = archTags ? await readArchTags(request, current?.index) : [];
    const merged = mergeIndex(current?.index, [...request.entries, ...tagged]);
    if (current !== undefined && holds(current, merged)) return current.descriptor;
    mine = await putIndex(request, merged);
    // The more often we met others, the further apart we go.
    await delay(round * PAUSE_MS * Math.random(), request.signal);
  }
  throw conflict(request);
}

async function putArchTags({ client, repository, tag, entries, signal }: PublishRequest): Promise<void> {
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

/** What lies under the tags of single architectures: ours, those that the index lists, and those that are common. */
async function readArchTags(request: PublishRequest, current: ImageIndex | undefined): Promise<readonly Descriptor[]> {
  const listed = imagesByPlatform([...(current?.manifests ?? []), ...request.entries]);
  const platforms = new Map(KNOWN_PLATFORMS.map((platform) => [formatPlatform(platform), platform]));
  for (const entry of listed.values()) {
    const platform = descriptorPlatform(entry);
    if (platform !== undefined) platforms.set(formatPlatform(platform), platform);
  }
  const known = new Map([...(current?.manifests ?? []), ...request.entries].map((entry) => [entry.digest, entry]));
  const found = await mapConcurrent([...platforms.values()], LOOKUPS_AT_ONCE, (platform) =>
    readArchTag(request, platform, known),
  );
  return found.flat();
}

async function readArchTag(
  { client, repository, tag, signal }: PublishRequest,
  platform: Platform,
  known: ReadonlyMap<string, Descriptor>,
): Promise<readonly Descriptor[]> {
  const { registry, repository: path } = repository;
  const reference = { registry, repository: path, tag: formatArchTag(tag, platform) };
  const image = await client.resolveManifest(reference, { signal });
  if (image === undefined) return [];
  const listed = known.get(image.digest);
  if (listed !== undefined) return [listed];
  // Older tools put an index under the tag of one architecture.
  return await flattenIndex(client.reader(repository), image, { signal });
}

/** What a tag stands for now. */
interface Published {
  readonly descriptor: Descriptor;
  readonly index: ImageIndex;
}

/** What the tag lists now. A single image counts as a list of itself, so that it is not lost. */
async function readIndex(request: PublishRequest): Promise<Published | undefined> {
  const { client, repository, signal } = request;
  const reference = tagReference(request);
  const stored = await client.getManifest(reference, { signal }).catch((cause: unknown) => {
    if (isKitsmithError(cause) && cause.code === "REGISTRY_NOT_FOUND") return undefined;
    throw cause;
  });
  if (stored === undefined) return undefined;
  const { descriptor, content } = stored;
  const parsed = parseIndexOrManifest(content, {
    origin: formatReference(reference),
    mediaType: descriptor.mediaType,
  });
  if (isIndex(parsed)) return { descriptor, index: parsed };
  return { descriptor, index: createIndex(await flattenIndex(client.reader(repository), descriptor, { signal })) };
}

/** True if the tag already stands for this index, in whatever spelling. */
function holds({ descriptor, index }: Published, wanted: ImageIndex): boolean {
  return isIndexMediaType(descriptor.mediaType) && digestOf(encodeIndex(index)) === digestOf(encodeIndex(wanted));
}

async function putIndex(request: PublishRequest, index: ImageIndex): Promise<Descriptor> {
  const { client, signal } = request;
  const manifest = { content: encodeIndex(index), mediaType: index.mediaType };
  return await client.putManifest(tagReference(request), manifest, { signal });
}

function tagReference({ repository, tag }: PublishRequest): Reference {
  return { registry: repository.registry, repository: repository.repository, tag };
}

function conflict(request: PublishRequest): RegistryError {
  const name = formatReference(tagReference(request));
  return new RegistryError("REGISTRY_INDEX_CONFLICT", `others keep changing ${name}`, {
    hint: "Push again when they are done; nothing that was pushed is lost.",
    retryable: true,
  });
}
