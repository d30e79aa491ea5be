import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ContentError } from "../core/errors.ts";
import { contentReceiver } from "../session/file-send.ts";
import type { BuildOutput } from "./build-output.ts";
import { epochAttributes } from "./image-attributes.ts";

/** Writes the engine's tar of the root file system to a file, which is there only once it is complete. */
export function archiveOutput(file: string, epochSeconds?: number): BuildOutput {
  return {
    exporter: { type: "tar", attributes: { ...epochAttributes(epochSeconds) } },
    receive: contentReceiver((chunks, signal) => writeComplete(file, chunks, signal)),
    complete: async () => undefined,
  };
}

/**
 * Writes a file under a temporary name and renames it when it is complete.
 *
 * @throws ContentError `CONTENT_WRITE_FAILED`
 */
export async function writeComplete(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const temporary = `${file}.partial-${process.pid}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await pipeline(Readable.from(chunks), createWriteStream(temporary), signal ? { signal } : {});
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    signal?.throwIfAborted();
    throw new ContentError("CONTENT_WRITE_FAILED", `${file} could not be written`, {
      cause,
      hint: "Check that there is room on the disk and that the directory can be written to.",
    });
  }
}
