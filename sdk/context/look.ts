import { type BigIntStats, constants, lstat, lstatSync, readlinkSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { promisify } from "node:util";
import { InputError } from "../core/errors.ts";
import { isGone, type TreeNode } from "./virtual-tree.ts";

/** What is seen of an entry of a tree. */
export interface Sight {
  readonly node: TreeNode;
  /** Undefined for what was not looked at, is gone, or is only made by a prefix. */
  stats: BigIntStats | undefined;
  /** A symlink's target; undefined also for one that is gone. */
  target: string | undefined;
}

const LSTAT = { bigint: true } as const;
const { S_IFMT: TYPE, S_IFLNK: SYMLINK } = constants;
/** Half the time that the promise of node:fs/promises takes, which counts over a large tree. */
const lstatFile = promisify<string, { bigint: true }, BigIntStats>(lstat);

/**
 * Looks at an entry straight away.
 *
 * @throws InputError `INPUT_SOURCE_UNREADABLE`
 */
export function lookNow(item: Sight): void {
  const { file } = item.node;
  if (file === undefined) return;
  try {
    item.stats = lstatSync(file, LSTAT);
  } catch (cause) {
    unseen(item.node, cause);
    return;
  }
  if (!isSymlink(item.stats)) return;
  try {
    item.target = readlinkSync(file);
  } catch (cause) {
    unreadable(file, cause);
  }
}

/** Looks as {@link lookNow} does, while other things go on. */
export async function look(item: Sight): Promise<void> {
  item.stats = await statsOf(item.node);
  if (item.stats && isSymlink(item.stats) && item.node.file !== undefined) item.target = await targetOf(item.node.file);
}

/** The type bits of a POSIX mode. */
export function typeOf({ mode }: BigIntStats): number {
  return Number(mode) & TYPE;
}

function isSymlink(stats: BigIntStats): boolean {
  return typeOf(stats) === SYMLINK;
}

/** Undefined for files that are gone by now, and for directories that only a prefix makes. */
export async function statsOf(node: TreeNode): Promise<BigIntStats | undefined> {
  if (node.file === undefined) return undefined;
  try {
    return await lstatFile(node.file, { bigint: true });
  } catch (cause) {
    return unseen(node, cause);
  }
}

/** Undefined for what is gone; throws for all else. A name that is not UTF-8 looks as if it were gone. */
function unseen(node: TreeNode, cause: unknown): undefined {
  if (isGone(cause) && !node.name.includes("\uFFFD")) return undefined;
  const hint = isGone(cause) ? { hint: "Rename it: BuildKit takes only names that are UTF-8." } : {};
  throw new InputError("INPUT_SOURCE_UNREADABLE", `${node.file} cannot be read`, { cause, ...hint });
}

async function targetOf(file: string): Promise<string | undefined> {
  try {
    return await readlink(file);
  } catch (cause) {
    return unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): undefined {
  if (isGone(cause)) return undefined;
  throw new InputError("INPUT_SOURCE_UNREADABLE", `the symlink ${file} cannot be read`, { cause });
}
