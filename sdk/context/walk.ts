import { type BigIntStats, constants } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { Abortable } from "../core/abort.ts";
import type { FileStat } from "../core/file-stat.ts";
import { entryStat, impliedDirectoryStat } from "./entry-stat.ts";
import { look, lookNow, type Sight, statsOf, typeOf } from "./look.ts";
import { createPace, type Pace } from "./pace.ts";
import type { PathDecision, PathFilter } from "./path-filter.ts";
import type { TreeDirectory, TreeNode, VirtualTree } from "./virtual-tree.ts";

/** A file, directory, link… of a build context. */
export interface ContextEntry {
  readonly stat: FileStat;
  /** Where its content lies; undefined for a directory that only a prefix makes. */
  readonly file: string | undefined;
  /** With `inode`: tells this file from another that takes its place later. */
  readonly device: bigint;
  readonly inode: bigint;
}

/** Options of {@link walkTree}. */
export interface WalkOptions extends Abortable {
  /** An entry is wanted if all of these want it. Default: none, everything is wanted. */
  readonly filters?: readonly PathFilter[];
  /** Paths that are left out whatever the filters say. */
  readonly hidden?: ReadonlySet<string>;
  /** How fast the file system answers, where others want to know it, too. */
  readonly pace?: Pace;
  /** Told of entries that an exclude list keeps out. A directory that is not entered is one. */
  readonly onIgnored?: (entries: number) => void;
}

/** So many files are looked at together. */
const LOOK = 64;
/** So many entries are given together, or a few more. */
const BATCH = 256;
/** After so long others have their turn. */
const SLICE_MS = 5;
/** A name that BuildKit keeps for itself. */
const RESERVED = ".fsutil-metadata";
const { S_IFDIR: DIRECTORY, S_IFLNK: SYMLINK, S_IFREG: REGULAR, S_IFSOCK: SOCKET } = constants;

type States = readonly PathDecision["state"][];

/** A directory that is being walked. */
interface Frame {
  readonly path: string;
  readonly node: TreeDirectory;
  readonly states: States | undefined;
  /** Its entry was given. */
  shown: boolean;
  /** What is in it, once it was read. */
  nodes: readonly TreeNode[] | undefined;
  /** How many of these were looked at. */
  looked: number;
  /** Those that were, last one first, and are not done. */
  items: Item[];
}

/** An entry of a directory that the filters let through, or that may hold such. */
interface Item extends Sight {
  readonly path: string;
  readonly decision: Decision;
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
  for await (const batch of walkBatches(tree, options)) yield* batch;
}

/** Walks as {@link walkTree} does and gives many entries at a time: over a large tree each step of a loop counts. */
export async function* walkBatches(
  tree: VirtualTree,
  options: WalkOptions = {},
): AsyncGenerator<readonly ContextEntry[], void, void> {
  const links = new Map<string, string>();
  const pace = options.pace ?? createPace();
  const frames = [openFrame("", tree.root, undefined, true)];
  let batch: ContextEntry[] = [];
  let sliceStartedAt = performance.now();
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const item = frame.items.pop();
    if (item === undefined) {
      options.signal?.throwIfAborted();
      if (batch.length >= BATCH) {
        yield batch;
        batch = [];
      }
      if (performance.now() - sliceStartedAt > SLICE_MS) {
        await setImmediate();
        sliceStartedAt = performance.now();
      }
      if (!(await lookAtMore(tree, frame, options, pace))) frames.pop();
      continue;
    }
    const { wanted, descend, states } = item.decision;
    const entry = wanted ? createEntry(item, links) : undefined;
    if (entry !== undefined) {
      if (!frame.shown) batch.push(...(await showParents(frames)));
      batch.push(entry);
    }
    if (descend && item.node.kind === "directory" && (entry !== undefined || !wanted)) {
      frames.push(openFrame(item.path, item.node, states, entry !== undefined));
    }
  }
  if (batch.length > 0) yield batch;
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
  const items = decideMore(frame, frame.nodes, options);
  const startedAt = performance.now();
  const wanted = items.filter(({ decision }) => decision.wanted);
  if (pace.isQuick) wanted.forEach(lookNow);
  else await Promise.all(wanted.map(look));
  pace.took(items.length, performance.now() - startedAt);
  frame.items = items.reverse();
  return true;
}

/** Those of the next entries that are wanted, or may hold what is. */
function decideMore(frame: Frame, nodes: readonly TreeNode[], options: WalkOptions): Item[] {
  const above = frame.path === "" ? "" : `${frame.path}/`;
  const next = nodes.slice(frame.looked, frame.looked + LOOK);
  frame.looked += next.length;
  const items: Item[] = [];
  let ignored = 0;
  for (const node of next) {
    const path = `${above}${node.name}`;
    if (path === RESERVED || options.hidden?.has(path)) continue;
    const decision = decide(path, node.kind === "directory", frame.states, options.filters);
    if (decision.wanted || decision.descend) items.push({ path, node, decision, stats: undefined, target: undefined });
    else if (decision.ignored) ignored += 1;
  }
  if (ignored > 0) options.onIgnored?.(ignored);
  return items;
}

interface Decision extends Omit<PathDecision, "state"> {
  readonly states: States | undefined;
}

const LEAF: Decision = { wanted: true, ignored: false, descend: false, states: undefined };
const SUBDIRECTORY: Decision = { ...LEAF, descend: true };

function decide(
  path: string,
  isDirectory: boolean,
  parents: States | undefined,
  filters: readonly PathFilter[] = [],
): Decision {
  if (filters.length === 0) return isDirectory ? SUBDIRECTORY : LEAF;
  const decisions = filters.map((filter, index) => filter.decide(path, isDirectory, parents?.[index]));
  return {
    wanted: decisions.every(({ wanted }) => wanted),
    ignored: decisions.some(({ ignored }) => ignored),
    descend: isDirectory && decisions.every(({ descend }) => descend),
    states: decisions.map(({ state }) => state),
  };
}

/** The entry, unless it is gone by now, has become something else, or is a socket. */
function createEntry(
  { path, node, stats, target }: Pick<Item, "path" | "node" | "stats" | "target">,
  links: Map<string, string>,
): ContextEntry | undefined {
  const { file } = node;
  if (file === undefined) return { stat: impliedDirectoryStat(path), file, device: 0n, inode: 0n };
  if (stats === undefined) return undefined;
  const type = typeOf(stats);
  if (type === SOCKET || (type === DIRECTORY) !== (node.kind === "directory")) return undefined;
  if (type === SYMLINK && target === undefined) return undefined;
  const { dev: device, ino: inode } = stats;
  const earlier =
    stats.nlink > 1n && type !== DIRECTORY ? linkedBefore(path, stats, type === REGULAR, links) : undefined;
  return { stat: entryStat(path, stats, target ?? earlier ?? ""), file, device, inode };
}

/** The path under which a file with several names was given before. */
function linkedBefore(
  path: string,
  { dev, ino }: BigIntStats,
  isRegular: boolean,
  links: Map<string, string>,
): string | undefined {
  const identity = `${dev}:${ino}`;
  const earlier = links.get(identity);
  if (earlier === undefined && isRegular) links.set(identity, path);
  return earlier;
}
