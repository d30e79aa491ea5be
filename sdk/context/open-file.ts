import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { InputError, PlanError } from "../core/errors.ts";
import { type ContextEntry, fileIdentity } from "./walk.ts";

/**
 * Opens the content of a regular file that a walk found. Only the very file that was found is opened: not what a symlink
 * leads to that took its place, or the place of a directory above it.
 *
 * @throws PlanError `PLAN_TREE_CHANGED`: it is gone, was replaced or has another size.
 * @throws InputError `INPUT_SOURCE_UNREADABLE`: no permission
 */
export async function openEntry({ file, identity, stat }: ContextEntry): Promise<FileHandle> {
  const handle = await openQuietly(file ?? "", stat.path);
  const found = await handle.stat({ bigint: true });
  if (found.isFile() && fileIdentity(found) === identity && found.size === BigInt(stat.sizeBytes)) return handle;
  await handle.close();
  throw treeChanged(stat.path);
}

async function openQuietly(file: string, path: string): Promise<FileHandle> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (isDenied(cause)) {
      throw new InputError("INPUT_SOURCE_UNREADABLE", `${file} cannot be read`, { cause });
    }
    throw treeChanged(path, cause);
  }
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
