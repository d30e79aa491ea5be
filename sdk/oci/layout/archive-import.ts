import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import type { Abortable } from "../../core/abort.ts";
import { isDigest } from "../../core/digest.ts";
import { ContentError } from "../../core/errors.ts";
import type { ContentStore } from "../model/content.ts";
import { type ContentStream, concatBytes } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { parseIndex } from "../model/manifest.ts";

const INDEX_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Stores the blobs of an OCI image tar, as BuildKit and others write it, and gives back the entries of its index.json.
 * Every blob is verified. Files that the layout does not have are passed over.
 *
 * @throws ContentError `CONTENT_CORRUPT`, `CONTENT_DIGEST_MISMATCH`, `CONTENT_PATH_UNSAFE`, `CONTENT_NOT_FOUND` where the
 * index names content that is not there, `CONTENT_WRITE_FAILED`
 */
export async function importArchive(
  blobs: ContentStore,
  archive: ContentStream,
  options: Abortable = {},
): Promise<readonly Descriptor[]> {
  options.signal?.throwIfAborted();
  const watched = watchFailure(archive);
  const entries = extract();
  const [reading, feeding] = await Promise.allSettled([
    readEntries(blobs, entries, options.signal),
    pipeline(Readable.from(watched.content), entries, { signal: options.signal }),
  ]);
  options.signal?.throwIfAborted();
  if (watched.failure() !== undefined) throw watched.failure();
  if (reading.status === "rejected") throw asArchiveError(reading.reason);
  if (feeding.status === "rejected") throw asArchiveError(feeding.reason);
  return await presentRoots(blobs, reading.value);
}

async function readEntries(
  blobs: ContentStore,
  entries: ReturnType<typeof extract>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  let index: Uint8Array | undefined;
  for await (const entry of entries) {
    const path = checkEntry(entry.header);
    const content = bytesOf(entry);
    if (path === "index.json") index = await readIndexFile(content, entry.header.size);
    else if (path.startsWith("blobs/")) await storeBlob(blobs, path, content, entry.header.size, signal);
    else await drain(content);
  }
  if (index === undefined) throw new ContentError("CONTENT_CORRUPT", "the archive has no index.json");
  return index;
}

async function storeBlob(
  blobs: ContentStore,
  path: string,
  content: ContentStream,
  size: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [, algorithm, hex] = path.split("/");
  if (hex === undefined) return await drain(content);
  const digest = `${algorithm}:${hex}`;
  if (!isDigest(digest))
    throw new ContentError("CONTENT_CORRUPT", `the archive has a blob without sha256 name: ${path}`);
  const expected = { digest, size };
  if (await blobs.hasBlob(expected)) return await drain(content);
  await blobs.writeBlob(content, { expected, signal });
}

/** The entry's path without leading dots, or an error if it could lead anywhere else. */
function checkEntry(header: Header): string {
  const path = header.name.replace(/^(\.\/)+/, "");
  const isSafe = !path.startsWith("/") && !path.split("/").includes("..") && !path.includes("\0");
  const isPlain = header.type === "file" || header.type === "directory" || header.type === "contiguous-file";
  if (isSafe && isPlain) return header.type === "directory" ? "" : path;
  throw new ContentError("CONTENT_PATH_UNSAFE", `the archive has an entry that no image has: ${header.name}`, {
    hint: "Do not use this archive.",
    details: { name: header.name, type: header.type },
  });
}

async function readIndexFile(content: ContentStream, size: number): Promise<Uint8Array> {
  if (size > INDEX_LIMIT_BYTES) throw new ContentError("CONTENT_CORRUPT", "the archive's index.json is too large");
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return concatBytes(chunks);
}

/** tar-stream's entries give bytes, which its types do not say. */
async function* bytesOf(entry: AsyncIterable<unknown>): ContentStream {
  for await (const chunk of entry) if (chunk instanceof Uint8Array) yield chunk;
}

async function drain(content: ContentStream): Promise<void> {
  for await (const _chunk of content);
}

async function presentRoots(blobs: ContentStore, index: Uint8Array): Promise<readonly Descriptor[]> {
  const roots = parseIndex(index, { origin: "the archive's index.json" }).manifests;
  for (const root of roots) {
    if (await blobs.hasBlob(root)) continue;
    throw new ContentError("CONTENT_NOT_FOUND", `the archive's index names ${root.digest}, which is not in it`);
  }
  return roots;
}

/** Tells a source that failed from an archive that is wrong. */
function watchFailure(source: ContentStream): { readonly content: ContentStream; failure(): unknown } {
  let failure: unknown;
  async function* watch(): ContentStream {
    const chunks = source[Symbol.asyncIterator]();
    try {
      while (true) {
        const next = await chunks.next().catch((cause: unknown) => {
          failure = cause;
          throw cause;
        });
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await chunks.return?.();
    }
  }
  return { content: watch(), failure: () => failure };
}

function asArchiveError(cause: unknown): unknown {
  if (cause instanceof ContentError) return cause;
  return new ContentError("CONTENT_CORRUPT", "the archive is cut off, or not a tar", { cause });
}
