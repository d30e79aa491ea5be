import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { type Digest, isDigest } from "../../core/digest.ts";
import { ContentError, isKitsmithError } from "../../core/errors.ts";
import type { ContentStore } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { walkContent } from "./closure.ts";
import { asWriteError, hasErrorCode } from "./write-error.ts";

/** Content that was removed. */
export interface RemovedContent {
  readonly blobs: number;
  readonly sizeBytes: number;
}

/** The content of a layout, and the entries of its index.json that stay. */
export interface GarbageOptions extends Abortable {
  readonly layout: string;
  readonly blobs: ContentStore;
  readonly kept: readonly Descriptor[];
}

/**
 * Removes content that no kept entry leads to; to be called while nobody else writes.
 *
 * @param candidates - what may be removed; by default everything that the layout holds
 * @throws ContentError `CONTENT_CORRUPT` and the like if it cannot be known what is referred to: then nothing is removed
 */
export async function removeGarbage(
  { layout, blobs, kept, signal }: GarbageOptions,
  candidates?: ReadonlySet<Digest>,
): Promise<RemovedContent> {
  const referenced = await markReferenced(layout, blobs, kept, signal);
  let removed: RemovedContent = { blobs: 0, sizeBytes: 0 };
  for (const digest of candidates ?? (await storedDigests(layout))) {
    signal?.throwIfAborted();
    if (referenced.has(digest)) continue;
    const sizeBytes = await removeBlob(blobPath(layout, digest));
    if (sizeBytes !== undefined) removed = { blobs: removed.blobs + 1, sizeBytes: removed.sizeBytes + sizeBytes };
  }
  return removed;
}

/** Everything that entries lead to, as far as it can be read: what is damaged leads nowhere. */
export async function reachableFrom(
  blobs: ContentStore,
  entries: readonly Descriptor[],
  { signal }: Abortable = {},
): Promise<ReadonlySet<Digest>> {
  const seen = new Set<Digest>();
  for (const entry of entries) {
    try {
      for await (const _ of walkContent(blobs, entry, { seen, signal }));
    } catch (cause) {
      if (!(cause instanceof ContentError)) throw cause;
    }
  }
  return seen;
}

/** The path of a blob in a layout. */
export function blobPath(layout: string, digest: Digest): string {
  return join(layout, "blobs", ...digest.split(":"));
}

/** The digests under which a layout holds content. */
async function storedDigests(layout: string): Promise<readonly Digest[]> {
  const names = await readdir(join(layout, "blobs", "sha256")).catch((cause: unknown) => {
    if (hasErrorCode(cause, "ENOENT")) return [];
    throw asWriteError(cause, layout);
  });
  return names.map((name) => `sha256:${name}`).filter(isDigest);
}

async function markReferenced(
  layout: string,
  blobs: ContentStore,
  entries: readonly Descriptor[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<Digest>> {
  const seen = new Set<Digest>();
  for (const entry of entries) {
    for await (const { descriptor, present } of walkContent(blobs, entry, { seen, signal })) {
      // Of an image that was not pulled there is nothing; of one that was cut off, it is not known what belongs to it.
      if (!present && (await sizeOf(blobPath(layout, descriptor.digest))) !== undefined) throw damaged(descriptor);
    }
  }
  return seen;
}

async function removeBlob(path: string): Promise<number | undefined> {
  const sizeBytes = await sizeOf(path);
  if (sizeBytes === undefined) return undefined;
  await rm(path, { force: true }).catch((cause: unknown) => {
    throw asWriteError(cause, path);
  });
  return sizeBytes;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

function damaged({ digest, size }: Descriptor): ContentError {
  return new ContentError("CONTENT_SIZE_MISMATCH", `the cache holds ${digest} with another size than ${size}`, {
    hint: "`kitsmith cache check --repair` puts right what can be put right.",
  });
}

/** True for an error that says that stored content is damaged. */
export function isDamage(cause: unknown): boolean {
  return isKitsmithError(cause) && /^CONTENT_(CORRUPT|DIGEST_MISMATCH|SIZE_MISMATCH|NOT_FOUND)$/.test(cause.code);
}
