import { type BigIntStats, lstat, lstatSync, readlinkSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { promisify } from "node:util";
import type { Abortable } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";
import type { FileStat } from "../core/file-stat.ts";
import { entryStat, impliedDirectoryStat } from "./entry-stat.ts";
import { createPace, type Pace } from "./pace.ts";
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
  /** How fast the file system answers, where others want to know it, too. */
  readonly pace?: Pace;
}

/** So many files are looked at together. */
const BATCH = 64;
/** A name that BuildKit keeps for itself. */
const RESERVED = ".fsutil-metadata";
/** Half the time that the promise of node:fs/promises takes, which counts over a large tree. */
const lstatFile = promisify<string, { bigint: true }, BigIntStats>(lstat);

type States = readonly PathDecision["state"][];

/** A directory that is being walked. */
interface Frame {
  readonly path: string;
  readonly node: TreeDirectory;
  readonly states: States | undefined;
  /** Its entry was yielded. */
  shown: boolean;
  /** What is in it, once it was read. */
  nodes: readonly TreeNode[] | undefined;
  /** How many of these were looked at. */
  looked: number;
  /** Those that were, last one first, and are not done. */
  readonly items: Item[];
}

/** An entry of a directory that the filters let through, or that may hold such. */
interface Item {
  readonly path: string;
  readonly node: TreeNode;
  readonly wanted: boolean;
  readonly descend: boolean;
  readonly states: States;
  /** Undefined for what is not wanted itself, is gone, or is only made by a prefix. */
  readonly stats: BigIntStats | undefined;
  /** A symlink's target. */
  readonly target: string | undefined;
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
  const pace = options.pace ?? createPace();
  const frames = [openFrame("", tree.root, undefined, true)];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    options.signal?.throwIfAborted();
    const item = frame.items.pop();
    if (item === undefined) {
      if (!(await lookAtMore(tree, frame, options, pace))) frames.pop();
      continue;
    }
    const entry = item.wanted ? createEntry(item, links) : undefined;
    if (entry !== undefined) {
      if (frames.some(({ shown }) => !shown)) yield* await showParents(frames);
      yield entry;
    }
    if (item.descend && item.node.kind === "directory" && (entry !== undefined || !item.wanted)) {
      frames.push(openFrame(item.path, item.node, item.states, entry !== undefined));
    }
  }
}

function openFrame(path: string, node: TreeDirectory, states: States | undefined, shown: boolean): Frame {
  return { path, node, states, shown, nodes: undefined, looked: 0, items: [] };
}

/** The directories that were held back until something in them is wanted. */
async function showParents(frames: readonly Frame[]): Promise<readonly ContextEntry[]> {
  const entries: ContextEntry[] = [];
  for (const frame of frames) {
    if (frame.shown) continue;
    frame.shown = true;
    const entry = createEntry({ ...frame, stats: await statsOf(frame.node), target: undefined }, new Map());
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/** Looks at the next entries of a directory; false if there are none. */
async function lookAtMore(tree: VirtualTree, frame: Frame, options: WalkOptions, pace: Pace): Promise<boolean> {
  frame.nodes ??= await tree.children(frame.node, pace);
  if (frame.looked >= frame.nodes.length) return false;
  const above = frame.path === "" ? "" : `${frame.path}/`;
  const decided = frame.nodes
    .slice(frame.looked, frame.looked + BATCH)
    .map((node) => decide(`${above}${node.name}`, node, frame.states, options.filters ?? []))
    .filter(({ path, wanted, descend }) => (wanted || descend) && path !== RESERVED && !options.hidden?.has(path));
  frame.looked += BATCH;
  const startedAt = performance.now();
  const items = pace.isQuick
    ? decided.map((item) => (item.wanted ? lookNow(item) : { ...item, ...UNSEEN }))
    : await Promise.all(decided.map((item) => (item.wanted ? look(item) : { ...item, ...UNSEEN })));
  pace.took(items.length, performance.now() - startedAt);
  frame.items.push(...items.reverse());
  return true;
}

const UNSEEN = { stats: undefined, target: undefined } as const;

function lookNow(item: Omit<Item, "stats" | "target">): Item {
  const { file } = item.node;
  if (file === undefined) return { ...item, ...UNSEEN };
  const stats = attempt(
    () => lstatSync(file, { bigint: true }),
    (cause) => unseen(item.node, cause),
  );
  const target = stats?.isSymbolicLink()
    ? attempt(
        () => readlinkSync(file),
        (cause) => unreadable(file, cause),
      )
    : undefined;
  return { ...item, stats, target };
}

function attempt<T>(task: () => T, explain: (cause: unknown) => undefined): T | undefined {
  try {
    return task();
  } catch (cause) {
    return explain(cause);
  }
}

async function look(item: Omit<Item, "stats" | "target">): Promise<Item> {
  const stats = await statsOf(item.node);
  const target = stats?.isSymbolicLink() && item.node.file !== undefined ? await targetOf(item.node.file) : undefined;
  return { ...item, stats, target };
}

function decide(
  path: string,
  node: TreeNode,
  parents: States | undefined,
  filters: readonly PathFilter[],
): Omit<Item, "stats" | "target"> {
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

/** The entry, unless it is gone by now, has become something else, or is a socket. */
function createEntry(
  { path, node, stats, target }: Pick<Item, "path" | "node" | "stats" | "target">,
  links: Map<string, string>,
): ContextEntry | undefined {
  if (node.file === undefined) return { stat: impliedDirectoryStat(path), file: undefined, identity: "" };
  if (stats === undefined || stats.isSocket() || stats.isDirectory() !== (node.kind === "directory")) return undefined;
  if (stats.isSymbolicLink() && target === undefined) return undefined;
  const identity = fileIdentity(stats);
  const earlier = links.get(identity);
  if (earlier === undefined && stats.nlink > 1n && stats.isFile()) links.set(identity, path);
  return { stat: entryStat(path, stats, target ?? earlier ?? ""), file: node.file, identity };
}

/** What stays the same as long as a path leads to the same file. */
export function fileIdentity(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}
