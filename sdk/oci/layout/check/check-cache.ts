import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../../core/abort.ts";
import { ContentError } from "../../../core/errors.ts";
import { createBlobStore, incomingDirectory } from "../blob-store.ts";
import { lockFile, tryLockFile } from "../file-lock.ts";
import { contentLockPath } from "../removal.ts";
import { asWriteError } from "../write-error.ts";
import { checkEntries } from "./entries.ts";
import { checkIndexFile, checkMarker } from "./index-file.ts";
import { type CacheProblem, type Checked, repaired } from "./problem.ts";
import { checkBlobs } from "./stored-blobs.ts";

/** How a cache is checked. */
export interface CheckCacheOptions extends Abortable {
  /** Put right what can be put right; nothing that is good is deleted. Default false: only look. */
  readonly repair?: boolean;
}

/** What was found in a cache. */
export interface CacheCheck {
  /** True if nothing is wrong any more. */
  readonly ok: boolean;
  readonly images: number;
  readonly blobs: number;
  readonly sizeBytes: number;
  /** Names of indexes of which only some images are in the cache, which is no problem. */
  readonly partial: readonly string[];
  readonly problems: readonly CacheProblem[];
}

/**
 * Reads a cache directory from end to end, and names what is wrong with it. Repairs wait until nobody else writes.
 *
 * @throws ContentError `CONTENT_NOT_FOUND` if there is no such directory, `CONTENT_CORRUPT` for a layout of another
 * version, `CONTENT_WRITE_FAILED`, `CACHE_LOCK_UNAVAILABLE` for repairs
 */
export async function checkCache(layout: string, options: CheckCacheOptions = {}): Promise<CacheCheck> {
  const { repair = false, signal } = options;
  await requireDirectory(layout);
  const checked: Checked = { layout, blobs: createBlobStore(layout), repair, signal };
  if (!repair) return await look(checked, await isIdle(layout));
  // In this order: those who store content need the cache's lock to name it.
  const alone = await lockFile(contentLockPath(layout), { signal });
  try {
    const lock = await lockFile(join(layout, ".lock"), { signal });
    try {
      return await look(checked, true);
    } finally {
      await lock[Symbol.asyncDispose]();
    }
  } finally {
    await alone[Symbol.asyncDispose]();
  }
}

async function look(checked: Checked, idle: boolean): Promise<CacheCheck> {
  const marker = await checkMarker(checked);
  const leftovers = await checkLeftovers(checked, idle);
  const blobs = await checkBlobs(checked);
  const index = await checkIndexFile(checked, blobs.sizes);
  const entries = await checkEntries(checked, index.index, blobs.sizes);
  const problems = [...marker, ...leftovers, ...blobs.problems, ...index.problems, ...entries.problems];
  return {
    ok: problems.every(({ repair }) => repair !== undefined),
    images: entries.count,
    blobs: blobs.sizes.size,
    sizeBytes: [...blobs.sizes.values()].reduce((sum, size) => sum + size, 0),
    ...{ partial: entries.partial, problems },
  };
}

/** What is being written looks like what was left behind: it is only told apart where nobody writes. */
async function checkLeftovers(checked: Checked, idle: boolean): Promise<readonly CacheProblem[]> {
  const directory = incomingDirectory(checked.layout);
  const names = idle ? await readdir(directory).catch(() => []) : [];
  const problem = "a process that was killed left it half-written";
  return await Promise.all(
    names.map((name) => {
      const path = join(directory, name);
      return repaired(checked, { kind: "left-behind", path, problem }, "removed", async () => {
        await rm(path, { recursive: true, force: true }).catch((cause: unknown) => {
          throw asWriteError(cause, path);
        });
      });
    }),
  );
}

/** True if it is known that nobody writes. */
async function isIdle(layout: string): Promise<boolean> {
  try {
    const lock = await tryLockFile(contentLockPath(layout));
    await lock?.[Symbol.asyncDispose]();
    return lock !== undefined;
  } catch {
    // On a disk that cannot be written to, nobody does.
    return true;
  }
}

async function requireDirectory(layout: string): Promise<void> {
  if ((await stat(layout).catch(() => undefined))?.isDirectory()) return;
  throw new ContentError("CONTENT_NOT_FOUND", `there is no cache directory ${layout}`, {
    hint: "Name it with --cache, or with LINUXKIT_CACHE.",
    details: { path: layout },
  });
}
