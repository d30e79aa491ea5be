import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createGatheringWriter } from "./gathering-writer.ts";
import { asWriteError } from "./write-error.ts";

/** A file that is being written under a temporary name. Disposing it without {@link NewFile.publish} removes it. */
export interface NewFile extends AsyncDisposable {
  /** Takes a copy of a chunk and resolves when there is room for more; what cannot be written may be told later. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the content safe on disk and gives it its name, which it takes from any older file at once. */
  publish(path: string): Promise<void>;
}

/**
 * Starts a file under a temporary name in `directory`, which must be on the same file system as its final place.
 *
 * @throws ContentError `CONTENT_WRITE_FAILED`, from every method
 */
export async function createNewFile(directory: string): Promise<NewFile> {
  const temporary = join(directory, randomUUID());
  const handle = await guarded(temporary, () => openNew(directory, temporary));
  const writer = createGatheringWriter(handle);
  let isOpen = true;
  return {
    async write(chunk) {
      await guarded(temporary, () => writer.write(chunk));
    },
    async publish(path) {
      await guarded(path, async () => {
        await writer.finish();
        await handle.sync();
        isOpen = false;
        await handle.close();
        await rename(temporary, path);
        await syncDirectory(dirname(path));
      });
    },
    async [Symbol.asyncDispose]() {
      await writer.settled();
      if (isOpen) await handle.close();
      isOpen = false;
      await rm(temporary, { force: true });
    },
  };
}

/** Replaces a file's content at once: readers see the old or the new, and a crash leaves one of the two. */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  temporaryDirectory: string,
): Promise<void> {
  const file = await createNewFile(temporaryDirectory);
  try {
    await file.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
    await file.publish(path);
  } finally {
    await file[Symbol.asyncDispose]();
  }
}

async function openNew(directory: string, path: string): Promise<FileHandle> {
  await mkdir(directory, { recursive: true });
  return await open(path, "wx", 0o666);
}

/** A renamed file is safe only when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function guarded<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw asWriteError(cause, path);
  }
}
