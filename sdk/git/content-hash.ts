import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { byteName } from "./changes.ts";
import { quotedByGit } from "./quoted-name.ts";

const BUFFER_BYTES = 256 * 1024;

/**
 * SHA-256 (hex) over the bytes of files, one after the other, as the LinuxKit CLI computes it for the suffix of dirty
 * packages: no names, no modes, no boundaries. Directories, symlinks, what cannot be read and names that git would
 * print quoted are left out. Files are read in pieces.
 *
 * @param names relative to the directory, one character per byte, in the order of hashing
 */
export async function contentHash(
  directory: string,
  names: readonly string[],
  options: { readonly quotePath: boolean; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  for (const name of trimmedEnds(names)) {
    options.signal?.throwIfAborted();
    if (!quotedByGit(name, options.quotePath)) await addFile(hash, filePath(directory, name), buffer, options.signal);
  }
  return hash.digest("hex");
}

/** The CLI trims the list as one text: blanks before the first and after the last name are lost. */
function trimmedEnds(names: readonly string[]): readonly string[] {
  const last = names.length - 1;
  return names.map((name, index) => {
    const start = index === 0 ? name.replace(/^ +/, "") : name;
    return index === last ? start.replace(/ +$/, "") : start;
  });
}

/** The path of a file of git's output, as bytes. */
export function filePath(directory: string, name: string): Buffer {
  return Buffer.from(`${byteName(directory)}/${name}`, "latin1");
}

/** Adds a regular file's bytes; anything else, and what cannot be opened, adds nothing. */
export async function addFile(hash: Hash, path: Buffer, buffer: Buffer, signal?: AbortSignal): Promise<void> {
  const file = await openRegular(path);
  if (file === undefined) return;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

async function openRegular(path: Buffer) {
  try {
    const stat = await lstat(path);
    return stat.isFile() ? await open(path, constants.O_RDONLY | constants.O_NONBLOCK) : undefined;
  } catch {
    return undefined; // deleted or not readable: the CLI skips these
  }
}
