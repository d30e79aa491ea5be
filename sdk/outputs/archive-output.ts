import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ContentError, isKitsmithError } from "../core/errors.ts";
import { contentReceiver } from "../session/file-send.ts";
import type { BuildOutput, EngineOutput } from "./build-output.ts";
import { epochAttributes } from "./image-attributes.ts";

/** Writes the engine's tar of the root file system to a file, which is there only once it is complete. */
export function archiveOutput(file: string, epochSeconds?: number): BuildOutput {
  return {
    exporter: { type: "tar", attributes: { ...epochAttributes(epochSeconds) } },
    receive: contentReceiver((chunks, signal) => writeComplete(file, chunks, signal)),
    complete: async () => undefined,
  };
}

/** Writes the engine's OCI archive to a file, which is there only once it is complete: an image, or an index of images. */
export function ociArchiveOutput(file: string, attributes: Readonly<Record<string, string>> = {}): EngineOutput {
  return {
    exporter: { type: "oci", attributes: { "oci-mediatypes": "true", ...attributes } },
    receive: contentReceiver((chunks, signal) => writeComplete(file, chunks, signal)),
  };
}

/**
 * Writes a file under a temporary name and renames it when it is complete. What is no regular file, such as a pipe, is
 * written into.
 *
 * @throws ContentError `CONTENT_WRITE_FAILED`, and what the chunks fail with
 */
export async function writeComplete(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const isReplaced = (await stat(file).catch(() => undefined))?.isFile() ?? true;
  const target = isReplaced ? `${file}.partial-${process.pid}` : file;
  try {
    await mkdir(dirname(file), { recursive: true });
    await pipeline(
      Readable.from(chunks),
      createWriteStream(target, { highWaterMark: 1024 * 1024 }),
      signal ? { signal } : {},
    );
    if (isReplaced) await rename(target, file);
  } catch (cause) {
    if (isReplaced) await rm(target, { force: true });
    signal?.throwIfAborted();
    if (isKitsmithError(cause)) throw cause;
    throw new ContentError("CONTENT_WRITE_FAILED", `${file} could not be written`, {
      cause,
      hint: "Check that there is room on the disk and that the directory can be written to.",
    });
  }
}
