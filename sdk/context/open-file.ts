import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { InputError, PlanError } from "../core/errors.ts";
import type { Pace } from "./pace.ts";
import type { ContextEntry } from "./walk.ts";

/** What has to be known of a regular file that a walk found. */
export type FoundFile = Pick<ContextEntry, "file" | "device" | "inode"> & {
  readonly stat: Pick<ContextEntry["stat"], "path" | "sizeBytes">;
};

/** The content of an open file. */
export interface OpenFile {
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): { readonly bytesRead: number } | Promise<{ readonly bytesRead: number }>;
  close(): void | Promise<void>;
}

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Larger ones are read while other things go on. */
const SMALL_BYTES = 256 * 1024;

/** Opens as {@link openEntry} does; small files of a quick file system are read straight away. */
export function createEntryOpener(pace: Pace): (entry: FoundFile) => OpenFile | Promise<OpenFile> {
  return (entry) =>
    pace.isQuick && entry.stat.sizeBytes <= SMALL_BYTES ? openSmallEntry(entry, pace) : openEntry(entry);
}

function openSmallEntry(entry: FoundFile, pace: Pace): OpenFile {
  const { file = "", stat } = entry;
  const startedAt = performance.now();
  const descriptor = openNow(file, stat.path);
  const close = (): void => {
    closeSync(descriptor);
    pace.took(4, performance.now() - startedAt);
  };
  const found = fstatSync(descriptor, { bigint: true });
  if (isSame(found, entry)) {
    return {
      read: (buffer, offset, length, position) => ({
        bytesRead: readSync(descriptor, buffer, offset, length, position),
      }),
      close,
    };
  }
  close();
  throw treeChanged(stat.path);
}

function openNow(file: string, path: string): number {
  try {
    return openSync(file, FLAGS);
  } catch (cause) {
    throw notOpened(file, path, cause);
  }
}

/**
 * Opens the content of a regular file that a walk found. Only the very file that was found is opened: not what a symlink
 * leads to that took its place, or the place of a directory above it.
 *
 * @throws PlanError `PLAN_TREE_CHANGED`: it is gone, was replaced or has another size.
 * @throws InputError `INPUT_SOURCE_UNREADABLE`: no permission
 */
export async function openEntry(entry: FoundFile): Promise<FileHandle> {
  const { file, stat } = entry;
  const handle = await openQuietly(file ?? "", stat.path);
  const found = await handle.stat({ bigint: true });
  if (isSame(found, entry)) return handle;
  await handle.close();
  throw treeChanged(stat.path);
}

function isSame(found: BigIntStats, { device, inode, stat }: FoundFile): boolean {
  return found.isFile() && found.dev === device && found.ino === inode && found.size === BigInt(stat.sizeBytes);
}

async function openQuietly(file: string, path: string): Promise<FileHandle> {
  try {
    return await open(file, FLAGS);
  } catch (cause) {
    throw notOpened(file, path, cause);
  }
}

function notOpened(file: string, path: string, cause: unknown): InputError | PlanError {
  if (!isDenied(cause)) return treeChanged(path, cause);
  return new InputError("INPUT_SOURCE_UNREADABLE", `${file} cannot be read`, { cause });
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM");
}

function treeChanged(path: string, cause?: unknown): PlanError {
  return new PlanError("PLAN_TREE_CHANGED", `${path} changed while it was sent to the engine`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "Leave the files alone while they are built.",
  });
}
