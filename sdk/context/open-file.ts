import { type BigIntStats, closeSync, constants, fstatSync, openSync, read, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { InputError, PlanError } from "../core/errors.ts";
import type { Pace } from "./pace.ts";
import type { ContextEntry } from "./walk.ts";

/** What has to be known of a regular file that a walk found. */
export type FoundFile = Pick<ContextEntry, "file" | "device" | "inode"> & {
  readonly stat: Pick<ContextEntry["stat"], "path" | "sizeBytes">;
};

/** The content of an open file. What is at hand is given straight away, else a promise of it. */
export interface OpenFile {
  read(buffer: Buffer, offset: number, length: number, position: number): number | Promise<number>;
  close(): void | Promise<void>;
}

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** What a call of a {@link Pace} may read. */
const CALL_BYTES = 16 * 1024;

/** Opens as {@link openEntry} does; files of a quick file system are opened and read straight away. */
export function createEntryOpener(pace: Pace): (entry: FoundFile) => OpenFile | Promise<OpenFile> {
  return (entry) => (pace.isQuick ? openNow(entry, pace) : openBeside(entry, pace));
}

function openNow(entry: FoundFile, pace: Pace): OpenFile {
  const { file = "", stat } = entry;
  const startedAt = performance.now();
  const descriptor = openQuick(file, stat.path);
  const found = fstatSync(descriptor, { bigint: true });
  pace.took(2, performance.now() - startedAt);
  if (isSame(found, entry)) return { read: createReader(descriptor, pace), close: () => closeSync(descriptor) };
  closeSync(descriptor);
  throw treeChanged(stat.path);
}

async function openBeside(entry: FoundFile, pace: Pace): Promise<OpenFile> {
  pace.took(2, 0);
  const handle = await openEntry(entry);
  return { read: createReader(handle.fd, pace), close: () => handle.close() };
}

/** Reads straight away for as long as that is quick. */
function createReader(descriptor: number, pace: Pace): OpenFile["read"] {
  return (buffer, offset, length, position) => {
    const calls = 1 + Math.floor(length / CALL_BYTES);
    if (!pace.isQuick) {
      pace.took(calls, 0);
      return readBeside(descriptor, buffer, offset, length, position);
    }
    const startedAt = performance.now();
    const bytesRead = readSync(descriptor, buffer, offset, length, position);
    pace.took(calls, performance.now() - startedAt);
    return bytesRead;
  };
}

function readBeside(descriptor: number, ...place: Parameters<OpenFile["read"]>): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, ...place, (error, bytesRead) => (error ? reject(error) : resolve(bytesRead)));
  });
}

function openQuick(file: string, path: string): number {
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
