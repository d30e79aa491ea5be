import { delay } from "../../../core/abort.ts";
import { digestOf } from "../../../core/digest.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { Descriptor } from "../../model/descriptor.ts";
import { flattenIndex } from "../../model/image-tree.ts";
import { annotateIndex, mergeIndex } from "../../model/index-merge.ts";
import { createIndex, encodeIndex, type ImageIndex, isIndex, parseIndexOrManifest } from "../../model/manifest.ts";
import { isIndexMediaType } from "../../model/media-type.ts";
import { formatReference, type Reference } from "../../model/reference.ts";
import {
  type ArchTagLook,
  listArchTags,
  lookAtArchTags,
  putArchTags,
  readArchTags,
  type TaggedIndex,
} from "./arch-tags.ts";
import { markAttestations, readMarkedAttestations } from "./attestation-marks.ts";

/** What is published under which tag. */
export interface PublishRequest extends TaggedIndex {
  /** Images with their platforms, and attestations; all of it is in the repository already, by digest. */
  readonly entries: readonly Descriptor[];
  /** Of the index itself; those that are there stay, unless they are among these. */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * Put `tag-arch` for each image, and believe those tags: then any number of writers can add architectures at once.
   * Default true. Without them a second writer is refused where it is noticed.
   */
  readonly archTags?: boolean | undefined;
}

const ROUNDS = 50;
const PAUSE_MS = 50;

/**
 * Adds images to what a tag lists, and keeps what is there.
 *
 * Registries cannot compare and swap. So what is attested of each image is noted beside it, and each image gets its own
 * tag, first; nobody else writes these. Then the index is made of what is under those tags and of what it listed, put, and
 * read again with the tags, until nothing changes. Who writes last has seen everybody's tags.
 *
 * @returns the index as it stands under the tag in the end
 * @throws RegistryError `REGISTRY_INDEX_CONFLICT` if others keep changing it, and as every call
 */
export async function publishIndex(request: PublishRequest): Promise<Descriptor> {
  const archTags = request.archTags ?? true;
  // In this order: who sees the image sees what is attested of it.
  if (archTags) await markAttestations(request, request.entries);
  let mine = await addEntries(request, archTags);
  for (let round = 1; round < ROUNDS; round += 1) {
    const look = archTags ? lookAtArchTags(request, request.entries) : undefined;
    const [current, listed] = await Promise.all([
      readIndex(request),
      archTags ? listArchTags(request, request.entries) : undefined,
    ]);
    if (!archTags && current?.descriptor.digest !== mine.digest) throw conflict(request);
    // Whoever came later has the last word.
    const all = look
      ? await mergeAll(request, current?.index, { look, listed })
      : mergeIndex(current?.index, request.entries);
    const merged = annotateIndex(all, request.annotations ?? {}, "keep");
    if (current !== undefined && holds(current, merged)) return current.descriptor;
    if (await isStill(request, current?.descriptor)) mine = await putIndex(request, merged);
    else if (!archTags) throw conflict(request);
    // The more often we met others, the further apart we go.
    await delay(Math.min(round, 10) * PAUSE_MS * Math.random(), request.signal);
  }
  throw conflict(request);
}

/** What everybody else has is looked for afterwards: only a look that is younger than the index can say that all is in it. */
async function addEntries(request: PublishRequest, archTags: boolean): Promise<Descriptor> {
  const { entries, annotations = {} } = request;
  const [current] = await Promise.all([readIndex(request), archTags ? putArchTags(request, entries) : undefined]);
  const merged = annotateIndex(mergeIndex(current?.index, entries), annotations, "replace");
  if (current !== undefined && holds(current, merged)) return current.descriptor;
  if (!archTags && !(await isStill(request, current?.descriptor))) throw conflict(request);
  return await putIndex(request, merged);
}

async function mergeAll(
  request: PublishRequest,
  current: ImageIndex | undefined,
  { look, listed }: { readonly look: ArchTagLook; readonly listed: ReadonlySet<string> | undefined },
): Promise<ImageIndex> {
  const { entries } = request;
  const tagged = await readArchTags(request, look, [...(current?.manifests ?? []), ...entries], listed);
  const merged = mergeIndex(current, [...entries, ...tagged]);
  const marked = await readMarkedAttestations(request, merged.manifests, entries);
  return marked.length === 0 ? merged : mergeIndex(merged, marked);
}

/** Looks once more before it writes: the longer ago we looked, the more would be lost until we look again. */
async function isStill(request: PublishRequest, seen: Descriptor | undefined): Promise<boolean> {
  const now = await request.client.resolveManifest(tagReference(request), { signal: request.signal });
  return now?.digest === seen?.digest;
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
  const stored = await client.findManifest(reference, { signal });
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
