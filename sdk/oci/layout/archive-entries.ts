import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import type { Abortable } from "../../core/abort.ts";
import { ContentError } from "../../core/errors.ts";
import type { ContentReader, ContentStream, Expected } from "../model/content.ts";

/** The bytes of a tar while it is filled; when nobody reads on, the filling is stopped. */
export async function* streamArchive(
  fill: (archive: Pack, signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): ContentStream {
  const archive = pack();
  const stopped = new AbortController();
  const filling = fill(archive, stopped.signal).then(
    () => archive.finalize(),
    (cause: unknown) => archive.destroy(asError(cause)),
  );
  try {
    for await (const chunk of archive) {
      signal?.throwIfAborted();
      if (chunk instanceof Uint8Array) yield chunk;
    }
  } finally {
    stopped.abort();
    archive.destroy();
    await filling;
  }
}

/** Fixed owner, mode and time: an archive's bytes depend on its content only. */
const FIXED = { mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 } as const;

/** Adds a directory. */
export async function addDirectory(archive: Pack, name: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    archive.entry({ ...FIXED, mode: 0o755, name, type: "directory" }, (error) => (error ? reject(error) : resolve()));
  });
}

/** Adds a file with a text. */
export async function addText(archive: Pack, name: string, text: string): Promise<void> {
  const content = new TextEncoder().encode(text);
  await pipeline(Readable.from([content]), archive.entry({ ...FIXED, name, size: content.byteLength }));
}

/** Adds a file with a blob, which is not held in memory. */
export async function addBlob(
  archive: Pack,
  name: string,
  blobs: ContentReader,
  blob: Expected,
  { signal }: Abortable,
): Promise<void> {
  const source = Readable.from(blobs.openBlob(blob, { signal }));
  await pipeline(source, archive.entry({ ...FIXED, name, size: blob.size }), { signal });
}

function asError(cause: unknown): Error {
  return cause instanceof Error
    ? cause
    : new ContentError("CONTENT_COPY_FAILED", "the archive could not be made", { cause });
}
