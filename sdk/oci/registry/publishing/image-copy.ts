import type { Abortable } from "../../../core/abort.ts";
import { mapConcurrent } from "../../../core/concurrency.ts";
import type { Digest } from "../../../core/digest.ts";
import { ContentError, RegistryError } from "../../../core/errors.ts";
import type { ContentReader, ContentStore } from "../../model/content.ts";
import type { Descriptor } from "../../model/descriptor.ts";
import { readChildren } from "../../model/image-tree.ts";
import { isIndexMediaType, isManifestMediaType } from "../../model/media-type.ts";
import { formatReference, type Reference } from "../../model/reference.ts";
import type { RegistryClient } from "../client.ts";
import type { Repository } from "../transport.ts";
import { withLostBlobRetry } from "./lost-blob.ts";

/** How an image is pushed. */
export interface PushOptions extends Abortable {
  /** Another repository of the registry that is likely to hold the same layers. */
  readonly mountFrom?: string | undefined;
}

const BLOBS_AT_ONCE = 4;
const DEPTH_LIMIT = 4;
const BLOBS_LIMIT = 10_000;

/**
 * Copies an image, or an index with all that it lists, from a registry into a store. What is there is not read again.
 *
 * @returns its descriptor; no name is set
 * @throws RegistryError; ContentError
 */
export async function pullImage(
  client: RegistryClient,
  reference: Reference,
  store: ContentStore,
  options: Abortable = {},
): Promise<Descriptor> {
  const { signal } = options;
  const root = await client.resolveManifest(reference, { signal });
  if (root === undefined) throw missingImage(reference);
  await copyTree(root, 0, {
    source: client.reader(reference),
    isThere: (blob) => store.hasBlob(blob),
    put: async (blob, source) => {
      await store.writeBlob(source.openBlob(blob, { signal }), { expected: blob, signal });
    },
    signal,
  });
  return root;
}

/** The error for an image that the registry does not have. */
export function missingImage(reference: Reference): RegistryError {
  return new RegistryError("REGISTRY_NOT_FOUND", `there is no ${formatReference(reference)}`, {
    hint: "Check the name, and that it was pushed.",
  });
}

/**
 * Pushes an image, or an index with all that it lists, by digest: blobs first, then the manifests that name them. No tag
 * is set.
 *
 * @throws RegistryError; ContentError
 */
export async function pushImage(
  client: RegistryClient,
  repository: Repository,
  source: ContentReader,
  root: Descriptor,
  options: PushOptions = {},
): Promise<void> {
  const { signal, mountFrom } = options;
  const { registry, repository: path } = repository;
  const copy: Copy = {
    source,
    isThere: async (blob) =>
      isManifest(blob)
        ? (await client.resolveManifest({ registry, repository: path, digest: blob.digest }, { signal })) !== undefined
        : await client.hasBlob(repository, blob, { signal }),
    put: async (blob) => {
      if (!isManifest(blob)) {
        await client.uploadBlob(repository, blob, () => source.openBlob(blob, { signal }), { signal, mountFrom });
        return;
      }
      const content = await source.readBlob(blob, { signal });
      const reference = { registry, repository: path, digest: blob.digest };
      await client.putManifest(reference, { content, mediaType: blob.mediaType }, { signal });
    },
    signal,
  };
  await withLostBlobRetry(() => copyTree(root, 0, copy), { signal });
}

interface Copy extends Abortable {
  readonly source: ContentReader;
  isThere(blob: Descriptor): Promise<boolean>;
  put(blob: Descriptor, source: ContentReader): Promise<void>;
}

/**
 * What is referred to is copied before what refers to it. A store may hold a manifest without all of its content, so that
 * is looked for even where the manifest is there.
 */
async function copyTree(descriptor: Descriptor, depth: number, copy: Copy, begun: Begun = new Map()): Promise<void> {
  if (depth > DEPTH_LIMIT) {
    throw new ContentError("CONTENT_CORRUPT", `${descriptor.digest} lies too deep in nested indexes`);
  }
  if (begun.size >= BLOBS_LIMIT) {
    throw new ContentError(
      "CONTENT_CORRUPT",
      `there are more than ${BLOBS_LIMIT} manifests and blobs in nested indexes`,
    );
  }
  // Images of one index share layers.
  const known = begun.get(descriptor.digest);
  const copied = known ?? copyWhole(descriptor, depth, copy, begun);
  begun.set(descriptor.digest, copied);
  await copied;
}

type Begun = Map<Digest, Promise<void>>;

async function copyWhole(descriptor: Descriptor, depth: number, copy: Copy, begun: Begun): Promise<void> {
  const isThere = await copy.isThere(descriptor);
  if (isManifest(descriptor)) {
    const children = await readChildren(copy.source, descriptor, { signal: copy.signal });
    await mapConcurrent(unique(children), BLOBS_AT_ONCE, (child) => copyTree(child, depth + 1, copy, begun));
  }
  if (!isThere) await copy.put(descriptor, copy.source);
}

function unique(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

function isManifest({ mediaType }: Descriptor): boolean {
  return isIndexMediaType(mediaType) || isManifestMediaType(mediaType);
}
