import { readdir, readFile, rm, stat } from "node:fs/promises";
import { hasErrorCode } from "../../oci/layout/write-error.ts";

/** A file's text, or undefined if it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  return await absentAsUndefined(readFile(path, "utf8"));
}

/** A file's size, or undefined if it is not there. */
export async function sizeIfThere(path: string): Promise<number | undefined> {
  return (await absentAsUndefined(stat(path)))?.size;
}

/** The names in a directory, sorted; none if it is not there. */
export async function namesIn(path: string): Promise<readonly string[]> {
  return ((await absentAsUndefined(readdir(path))) ?? []).sort();
}

/** True if there was a file to remove. */
export async function removeIfThere(path: string): Promise<boolean> {
  return (await absentAsUndefined(rm(path).then(() => true))) ?? false;
}

async function absentAsUndefined<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action;
  } catch (cause) {
    if (hasErrorCode(cause, "ENOENT", "ENOTDIR")) return undefined;
    throw cause;
  }
}
