import { type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { createDigester, type Digest, digestHex } from "../../core/digest.ts";
import { ContentError } from "../../core/errors.ts";
import {
  type ContentStore,
  type ContentStream,
  checkDigest,
  type Expected,
  limitContent,
  readVerified,
  verifyContent,
  type WriteOptions,
} from "../model/content.ts";
import { MANIFEST_LIMIT_BYTES } from "../model/manifest.ts";
import { createNewFile } from "./durable-file.ts";
import { hasErrorCode } from "./write-error.ts";

/** Small pieces die young: with larger ones more memory waits for the garbage collector. */
const CHUNK_BYTES = 64 * 1024;
/** Where content waits until it is whole. What is older was left by a process that was killed. */
const INCOMING = ".incoming";
const LEFT_BEHIND_MS = 24 * 60 * 60 * 1000;

/** The directory for temporary files of a layout. */
export function incomingDirectory(layout: string): string {
  return join(layout, INCOMING);
}

/** Opens the blobs of the layout in a directory. */
export function createBlobStore(layout: string): ContentStore {
  const directory = join(layout, "blobs", "sha256");
  const pathOf = (digest: Digest) => join(directory, digestHex(digest));
  const openBlob = (expected: Expected, { signal }: Abortable = {}): ContentStream =>
    verifyContent(readFile(pathOf(expected.digest), expected.digest, signal), expected, layout);

  return {
    openBlob,
    readBlob: async (expected, { signal, limitBytes = MANIFEST_LIMIT_BYTES } = {}) =>
      await readVerified(readFile(pathOf(expected.digest), expected.digest, signal), expected, limitBytes, layout),
    hasBlob: async ({ digest, size }) => (await sizeOf(pathOf(digest))) === size,
    async writeBlob(content, { expected, signal } = {}) {
      const source = content instanceof Uint8Array ? [content] : content;
      const file = await createNewFile(incomingDirectory(layout));
      try {
        const digester = createDigester();
        for await (const chunk of limited(source, expected, layout)) {
          signal?.throwIfAborted();
          digester.update(chunk);
          await file.write(chunk);
        }
        const digest = digester.digest();
        if (expected !== undefined) checkDigest(expected.digest, digest, layout);
        await mkdir(directory, { recursive: true });
        await file.publish(pathOf(digest));
        return { digest, size: digester.sizeBytes };
      } finally {
        await file[Symbol.asyncDispose]();
      }
    },
  };
}

/** Removes what processes that were killed left half-written. */
export async function removeLeftovers(layout: string, nowMs: number): Promise<void> {
  const directory = incomingDirectory(layout);
  const names = await readdir(directory).catch(() => []);
  for (const path of names.map((name) => join(directory, name))) {
    const modified = (await stat(path).catch(() => undefined))?.mtimeMs ?? nowMs;
    if (nowMs - modified > LEFT_BEHIND_MS) await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Content of a size that is known is cut off as soon as it is too long. */
function limited(
  source: ContentStream | Iterable<Uint8Array>,
  expected: WriteOptions["expected"],
  origin: string,
): ContentStream | Iterable<Uint8Array> {
  return expected !== undefined && "size" in expected ? limitContent(source, expected, origin) : source;
}

async function* readFile(path: string, digest: Digest, signal: AbortSignal | undefined): ContentStream {
  const handle = await openForReading(path, digest);
  try {
    while (true) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function openForReading(path: string, digest: Digest): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    if (!hasErrorCode(cause, "ENOENT", "ENOTDIR")) throw unreadable(path, cause);
    throw new ContentError("CONTENT_NOT_FOUND", `there is no ${digest} in the cache`, {
      cause,
      hint: "Pull or build the image again.",
      details: { path },
    });
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (hasErrorCode(cause, "ENOENT", "ENOTDIR")) return undefined;
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): ContentError {
  return new ContentError("CONTENT_CORRUPT", `${path} cannot be read`, { cause, details: { path } });
}
