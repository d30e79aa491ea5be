import { randomBytes } from "node:crypto";
import { chmod, link, lstat, lutimes, mkdir, open, readdir, rename, rm, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ContentError } from "../../core/errors.ts";
import { FILE_MODE, type FileStat, hasModeBit, isRegularMode, posixPermissions } from "../../core/file-stat.ts";
import { makeSpecialFile } from "./special-file.ts";

/** Content of one file on its way to the disk. */
export interface FileSink {
  write(data: Uint8Array): Promise<void>;
  /** Puts the complete file into its place. */
  finish(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** Writes the entries of a tree, whose paths were checked, over what is there. */
export interface TreeWriter {
  /** Makes a directory, symlink, device or fifo at once; hard links wait for {@link TreeWriter.finish}. */
  make(stat: FileStat): Promise<void>;
  /** Opens a regular file for writing, under a temporary name. */
  openFile(stat: FileStat): Promise<FileSink>;
  /** Makes the hard links, then sets modes and times of directories, which writing into them would change. */
  finish(): Promise<void>;
}

/** How a tree is written. */
export interface TreeWriterOptions {
  /** Remove, once all is written, what the tree does not have. Default false. */
  readonly prune?: boolean;
}

/**
 * Opens a directory as the place where a tree goes; it is made, for its owner only, if there is none. Unless asked
 * for, nothing is deleted but what an entry replaces, and no symlink is followed that lies in the tree's way: an entry takes its place.
 *
 * @throws ContentError `CONTENT_WRITE_FAILED`, as do the writer's methods
 */
export async function openTreeWriter(
  destination: string,
  { prune = false }: TreeWriterOptions = {},
): Promise<TreeWriter> {
  const listed = new Set<string>();
  const directories: FileStat[] = [];
  const hardLinks: FileStat[] = [];
  const target = (path: string): string => join(destination, path);
  await writing(destination, () => mkdir(destination, { recursive: true, mode: 0o700 }));
  return {
    make: (stat) =>
      writing(stat.path, async () => {
        listed.add(stat.path);
        if (hasModeBit(stat.mode, FILE_MODE.directory)) {
          await makeDirectory(target(stat.path));
          directories.push(stat);
        } else if (isRegularMode(stat.mode)) hardLinks.push(stat);
        else await replace(target(stat.path), (path) => makeOther(path, stat));
      }),
    openFile: (stat) => {
      listed.add(stat.path);
      return writing(stat.path, () => openSink(target(stat.path), stat));
    },
    finish: async () => {
      for (const stat of hardLinks) {
        const make = (path: string) => link(target(stat.linkname), path);
        await writing(stat.path, () => replace(target(stat.path), make));
      }
      const paths = directories.map(({ path }) => path);
      if (prune) for (const path of ["", ...paths]) await writing(path, () => removeOthers(destination, path, listed));
      for (const stat of directories.reverse()) {
        await writing(stat.path, () => setMetadata(target(stat.path), stat));
      }
    },
  };
}

/** Removes from a directory what is not listed. */
async function removeOthers(destination: string, directory: string, listed: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(join(destination, directory))) {
    if (!listed.has(join(directory, name)))
      await rm(join(destination, directory, name), { recursive: true, force: true });
  }
}

async function makeDirectory(path: string): Promise<void> {
  const existing = await lstat(path).catch(() => undefined);
  if (existing?.isDirectory()) return;
  if (existing) await rm(path);
  // Several streams may make the same directory at once.
  await mkdir(path, { mode: 0o700, recursive: true });
}

async function makeOther(path: string, stat: FileStat): Promise<void> {
  if (hasModeBit(stat.mode, FILE_MODE.symlink)) {
    await symlink(stat.linkname, path);
    await lutimes(path, seconds(stat), seconds(stat));
    return;
  }
  await makeSpecialFile(path, stat);
  await setMetadata(path, stat);
}

/** Makes something under a temporary name beside its place, then moves it there. */
async function replace(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await make(temporary);
    await moveInto(temporary, path);
  } finally {
    // Also after success: renaming one name of a file over another name of it does nothing at all.
    await rm(temporary, { force: true });
  }
}

async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    if (!isDirectoryInTheWay(error)) throw error;
    await rm(path, { recursive: true });
    await rename(temporary, path);
  }
}

function isDirectoryInTheWay(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EISDIR";
}

async function openSink(path: string, stat: FileStat): Promise<FileSink> {
  const temporary = temporaryBeside(path);
  const handle = await open(temporary, "wx", 0o600);
  const discard = async (): Promise<void> => {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
  };
  return {
    write: (data) => writing(stat.path, () => handle.writeFile(data)),
    finish: () =>
      writing(stat.path, async () => {
        try {
          await handle.chmod(posixPermissions(stat.mode));
          await handle.utimes(seconds(stat), seconds(stat));
          await handle.close();
          await moveInto(temporary, path);
        } catch (error) {
          await discard();
          throw error;
        }
      }),
    discard,
  };
}

async function setMetadata(path: string, stat: FileStat): Promise<void> {
  await chmod(path, posixPermissions(stat.mode));
  await utimes(path, seconds(stat), seconds(stat));
}

/** Node takes times as seconds; what a double cannot hold of the nanoseconds is lost. */
function seconds(stat: FileStat): number {
  return Number(stat.mtimeNs) / 1e9;
}

function temporaryBeside(path: string): string {
  return join(dirname(path), `.tmp.${randomBytes(8).toString("hex")}`);
}

async function writing<T>(path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    if (cause instanceof ContentError) throw cause;
    throw new ContentError("CONTENT_WRITE_FAILED", `${path} cannot be written`, { cause });
  }
}
