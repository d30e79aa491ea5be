import type { BigIntStats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import type { Abortable } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";
import { type FileStat, isRegularMode } from "../core/file-stat.ts";
import { entryStat, impliedDirectoryStat } from "./entry-stat.ts";
import type { PathDecision, PathFilter } from "./path-filter.ts";
import { isGone, type TreeDirectory, type TreeNode, type VirtualTree } from "./virtual-tree.ts";

/** A file, directory, link… of a build context. */
export interface ContextEntry {
  readonly stat: FileStat;
  /** Where its content lies; undefined for a directory that only a prefix makes. */
  readonly file: string | undefined;
  /** Tells this file from another that takes its place later. */
  readonly identity: string;
}

/** Options of {@link walkTree}. */
export interface WalkOptions extends Abortable {
  /** An entry is wanted if all of these want it. Default: none, everything is wanted. */
  readonly filters?: readonly PathFilter[];
  /** Paths that are left out whatever the filters say. */
  readonly hidden?: ReadonlySet<string>;
}

/** So many files are looked at together. */
const BATCH = 64;
/** A name that BuildKit keeps for itself. */
const RESERVED = ".fsutil-metadata";

/** A directory that is being walked. */
interface Frame {
  readonly path: string;
  readonly node: TreeDirectory;
  readonly states: readonly PathDecision["state"][] | undefined;
  /** Its entry was yielded. */
  shown: boolean;
  readonly items: AsyncIterator<Item>;
}

/** An entry of a directory that the filters let through, or that may hold such. */
interface Item {
  readonly path: string;
  readonly node: TreeNode;
  readonly wanted: boolean;
  readonly descend: boolean;
  readonly states: readonly PathDecision["state"][];
  readonly stats: BigIntStats | undefined;
}

/**
 * Walks a tree depth first, siblings by the bytes of their names, as the daemon demands. A directory comes before its
 * content, also one that is wanted only for what it holds. The root is not yielded, sockets are left out. Of a file with
 * several hard links the first one yielded carries the content. Holds one directory's names per level in memory.
 *
 * @throws InputError `INPUT_SOURCE_UNREADABLE`: no permission, or a name that is not UTF-8
 */
export async function* walkTree(
  tree: VirtualTree,
  options: WalkOptions = {},
): AsyncGenerator<ContextEntry, void, void> {
  const links = new Map<string, string>();
  const open = (path: string, node: TreeDirectory, states: Frame["states"], shown: boolean): Frame => ({
    path,
    node,
    states,
    shown,
    items: listItems(tree, path, node, states, options),
  });
  const frames = [open("", tree.root, undefined, true)];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    options.signal?.throwIfAborted();
    const { value: item, done } = await frame.items.next();
    if (done) {
      frames.pop();
      continue;
    }
    const entry = item.wanted ? await createEntry(item, links) : undefined;
    if (entry !== undefined) {
      yield* showParents(frames, links);
      yield entry;
    }
    if (item.descend && item.node.kind === "directory" && (entry !== undefined || !item.wanted)) {
      frames.push(open(item.path, item.node, item.states, entry !== undefined));
    }
  }
}

/** Yields the directories that were held back until something in them is wanted. */
async function* showParents(
  frames: readonly Frame[],
  links: Map<string, string>,
): AsyncGenerator<ContextEntry, void, void> {
  for (const frame of frames) {
    if (frame.shown) continue;
    frame.shown = true;
    const { path, node } = frame;
    const entry = await createEntry({ path, node, stats: await statsOf(node) }, links);
    if (entry !== undefined) yield entry;
  }
}

async function* listItems(
  tree: VirtualTree,
  directory: string,
  node: TreeDirectory,
  parentStates: Frame["states"],
  options: WalkOptions,
): AsyncGenerator<Item, undefined, void> {
  const nodes = await tree.children(node);
  for (let start = 0; start < nodes.length; start += BATCH) {
    const items = nodes
      .slice(start, start + BATCH)
      .map((child) =>
        decide(directory === "" ? child.name : `${directory}/${child.name}`, child, parentStates, options),
      )
      .filter(({ path, wanted, descend }) => (wanted || descend) && path !== RESERVED && !options.hidden?.has(path));
    const stats = await Promise.all(items.map((item) => (item.wanted ? statsOf(item.node) : undefined)));
    for (const [index, item] of items.entries()) yield { ...item, stats: stats[index] };
  }
}

function decide(
  path: string,
  node: TreeNode,
  parents: Frame["states"],
  { filters = [] }: WalkOptions,
): Omit<Item, "stats"> {
  const isDirectory = node.kind === "directory";
  const decisions = filters.map((filter, index) => filter.decide(path, isDirectory, parents?.[index]));
  return {
    path,
    node,
    wanted: decisions.every(({ wanted }) => wanted),
    descend: isDirectory && decisions.every(({ descend }) => descend),
    states: decisions.map(({ state }) => state),
  };
}

/** Undefined for files that are gone by now, and for directories that only a prefix makes. */
async function statsOf(node: TreeNode): Promise<BigIntStats | undefined> {
  if (node.file === undefined) return undefined;
  try {
    return await lstat(node.file, { bigint: true });
  } catch (cause) {
    if (isGone(cause) && !node.name.includes("\uFFFD")) return undefined;
    const hint = isGone(cause) ? { hint: "Rename it: BuildKit takes only names that are UTF-8." } : {};
    throw new InputError("INPUT_SOURCE_UNREADABLE", `${node.file} cannot be read`, { cause, ...hint });
  }
}

async function createEntry(
  { path, node, stats }: Pick<Item, "path" | "node" | "stats">,
  links: Map<string, string>,
): Promise<ContextEntry | undefined> {
  if (node.file === undefined) return { stat: impliedDirectoryStat(path), file: undefined, identity: "" };
  if (stats === undefined || stats.isSocket() || stats.isDirectory() !== (node.kind === "directory")) return undefined;
  const identity = fileIdentity(stats);
  const linkname = stats.isSymbolicLink() ? await targetOf(node.file) : links.get(identity);
  if (linkname === undefined && stats.isSymbolicLink()) return undefined;
  const stat = entryStat(path, stats, linkname ?? "");
  if (stats.nlink > 1n && isRegularMode(stat.mode) && linkname === undefined) links.set(identity, path);
  return { stat, file: node.file, identity };
}

async function targetOf(file: string): Promise<string | undefined> {
  try {
    return await readlink(file);
  } catch (cause) {
    if (isGone(cause)) return undefined;
    throw new InputError("INPUT_SOURCE_UNREADABLE", `the symlink ${file} cannot be read`, { cause });
  }
}

/** What stays the same as long as a path leads to the same file. */
export function fileIdentity(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}
