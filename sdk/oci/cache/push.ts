import type { Abortable } from "../../core/abort.ts";
import type { Digest } from "../../core/digest.ts";
import { ContentError, InputError } from "../../core/errors.ts";
import type { Cache } from "../layout/cache.ts";
import { missingName } from "../layout/removal.ts";
import { type Descriptor, descriptorPlatform } from "../model/descriptor.ts";
import { attestationSubject } from "../model/index-merge.ts";
import { isIndexMediaType } from "../model/media-type.ts";
import { formatReference, parseReference, type Reference } from "../model/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import { pushImage } from "../registry/publishing/image-copy.ts";
import { publishIndex } from "../registry/publishing/publish-index.ts";

/** How an image is pushed from the cache. */
export interface CachePushOptions extends Abortable {
  /** The name in the registry, with a tag. Default: the name in the cache. */
  readonly remoteName?: string;
  /** Put `tag-arch` for each image of an index, too. Default false. */
  readonly archTags?: boolean;
  /**
   * Push where the tag is there already: an index is merged with the one that is there, a single image takes its place.
   * Default false: the tag is left alone.
   */
  readonly override?: boolean;
}

/** What is in the registry now. */
export interface PushedImage {
  readonly reference: string;
  readonly digest: Digest;
  /** `kept`: the tag stood for something else, and was left alone. */
  readonly outcome: "pushed" | "unchanged" | "kept";
}

/**
 * Pushes an image, or an index with those of its images that the cache holds whole.
 *
 * @throws RegistryError; ContentError `CONTENT_NOT_FOUND`; InputError `INPUT_REFERENCE_INVALID`
 */
export async function pushFromCache(
  cache: Cache,
  client: RegistryClient,
  name: string,
  { remoteName, archTags = false, override = false, signal }: CachePushOptions = {},
): Promise<PushedImage> {
  const root = await cache.resolve(name, { signal });
  if (root === undefined) throw missingName(name);
  const target = tagged(parseReference(remoteName ?? name));
  const reference = formatReference(target);
  const existing = await client.resolveManifest(target, { signal });
  const isSame = existing?.digest === root.digest;
  if (existing !== undefined && !override && !isSame) return { reference, digest: existing.digest, outcome: "kept" };
  const push = { cache, client, target, root, signal };
  const digest = isIndexMediaType(root.mediaType)
    ? await pushIndex({ ...push, archTags, isThere: existing !== undefined })
    : await pushSingle(push);
  return { reference, digest, outcome: digest === existing?.digest ? "unchanged" : "pushed" };
}

interface Push extends Abortable {
  readonly cache: Cache;
  readonly client: RegistryClient;
  readonly target: Reference & { readonly tag: string };
  readonly root: Descriptor;
}

async function pushSingle({ cache, client, target, root, signal }: Push): Promise<Digest> {
  await pushImage(client, target, cache, root, { signal });
  const content = await cache.readBlob(root, { signal });
  return (await client.putManifest(target, { content, mediaType: root.mediaType }, { signal })).digest;
}

/** A whole index that is new keeps its bytes; where there is one, or some of its images are not here, it is merged. */
async function pushIndex(push: Push & { readonly archTags: boolean; readonly isThere: boolean }): Promise<Digest> {
  const { cache, client, target, root, archTags, isThere, signal } = push;
  const entries = await wholeEntries(push);
  for (const entry of entries) await pushImage(client, target, cache, entry, { signal });
  const isWhole = (await cache.findMissing(root, { signal })).length === 0;
  if (isWhole && !isThere) await pushSingle(push);
  return (await publishIndex({ client, repository: target, tag: target.tag, entries, archTags, signal })).digest;
}

/** The images that the cache holds with all they need, and the attestations of those. */
async function wholeEntries({ cache, root, signal }: Push): Promise<readonly Descriptor[]> {
  const whole: Descriptor[] = [];
  for (const entry of await cache.flattenIndex(root, { signal })) {
    if ((await cache.findMissing(entry, { signal })).length === 0) whole.push(entry);
  }
  const digests = new Set(whole.map(({ digest }) => digest));
  const chosen = whole.filter((entry) => digests.has(attestationSubject(entry) ?? entry.digest));
  if (chosen.some((entry) => descriptorPlatform(entry) !== undefined)) return chosen;
  throw new ContentError("CONTENT_NOT_FOUND", `the cache holds no image of ${root.digest} whole`, {
    hint: "Pull or build the image again.",
  });
}

function tagged(reference: Reference): Reference & { readonly tag: string } {
  const { tag } = reference;
  if (tag !== undefined && reference.digest === undefined) return { ...reference, tag };
  throw new InputError("INPUT_REFERENCE_INVALID", `${formatReference(reference)} cannot be pushed: it is not a tag`, {
    hint: "Name it in full, such as localhost:5000/team/app:v1.",
  });
}
