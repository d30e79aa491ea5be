import { type Dirent, readdirSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { InputError } from "../core/errors.ts";
import type { VirtualRoot } from "../core/local-source.ts";
import { compareUtf8 } from "../core/utf8-order.ts";
import type { Pace } from "./pace.ts";

/** What one layer adds to a directory: a real directory, or the way down to its prefix. */
type Part =
  | { readonly kind: "real"; readonly directory: string }
  | { readonly kind: "way"; readonly below: readonly [string, ...string[]]; readonly directory: string };

/** A directory of the merged tree. */
export interface TreeDirectory {
  readonly kind: "directory";
  readonly name: string;
  readonly parts: readonly Part[];
  /** The real directory whose mode and times count; undefined for one that only a prefix makes. */
  readonly file: string | undefined;
}

/** Anything else: file, symlink, device… Of a large directory there are many at once, so that it keeps no path. */
export class TreeLeaf {
  readonly kind = "leaf" as const;
  readonly name: string;
  readonly #directory: string;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.name = name;
  }

  get file(): string {
    return fileIn(this.#directory, this.name);
  }
}

/** An entry of the merged tree. */
export type TreeNode = TreeDirectory | TreeLeaf;

/** Several directories as one. */
export interface VirtualTree {
  readonly root: TreeDirectory;
  /** The entries of a directory in the order of their names' UTF-8 bytes. A directory that is gone has none. */
  children(directory: TreeDirectory, pace?: Pace): Promise<readonly TreeNode[]>;
  /** The entry at a clean relative path, without following symlinks; undefined if there is none. */
  find(path: string): Promise<TreeNode | undefined>;
}

/**
 * Opens the directories of a virtual root. A directory over a directory is merged and takes the mode and times of the
 * later layer; anything else replaces what earlier layers have under its name, as unpacking one archive after the other
 * would. Symlinks of the tree are never followed, also not on the way to a prefix.
 *
 * @throws InputError `INPUT_SOURCE_MISSING`, `INPUT_OPTION_INVALID` (a prefix that leaves the root)
 */
export async function openTree(root: VirtualRoot): Promise<VirtualTree> {
  const parts = await Promise.all(root.layers.map(openLayer));
  const rootDirectory: TreeDirectory = { kind: "directory", name: "", parts, file: undefined };
  const find = async (path: string): Promise<TreeNode | undefined> => {
    let node: TreeNode | undefined = rootDirectory;
    for (const name of path.split("/")) {
      if (node?.kind !== "directory") return undefined;
      node = (await children(node)).find((child) => child.name === name);
    }
    return node;
  };
  return { root: rootDirectory, children, find };
}

async function openLayer(layer: VirtualRoot["layers"][number]): Promise<Part> {
  const directory = await realDirectory(layer.directory);
  const [first, ...rest] = layer.prefix === "" ? [] : layer.prefix.split("/");
  if (first === undefined) return { kind: "real", directory };
  if ([first, ...rest].some((name) => name === "" || name === "." || name === ".." || name.includes("\0"))) {
    throw new InputError("INPUT_OPTION_INVALID", `"${layer.prefix}" is no place inside a build context`, {
      hint: "Write a relative path without . and .. elements.",
    });
  }
  return { kind: "way", below: [first, ...rest], directory };
}

async function realDirectory(directory: string): Promise<string> {
  try {
    const real = await realpath(directory);
    if ((await stat(real)).isDirectory()) return real;
  } catch (cause) {
    throw new InputError("INPUT_SOURCE_MISSING", `the directory ${directory} cannot be opened`, { cause });
  }
  throw new InputError("INPUT_SOURCE_MISSING", `${directory} is not a directory`);
}

async function children(directory: TreeDirectory, pace?: Pace): Promise<readonly TreeNode[]> {
  const [only, ...others] = directory.parts;
  if (only === undefined) return [];
  if (others.length === 0) return sorted(await nodesOf(only, pace));
  const merged = new Map<string, TreeNode>();
  for (const part of directory.parts) {
    for (const node of await nodesOf(part, pace)) {
      const below = merged.get(node.name);
      merged.set(node.name, below === undefined ? node : lay(node, below));
    }
  }
  return sorted([...merged.values()]);
}

function lay(upper: TreeNode, lower: TreeNode): TreeNode {
  if (upper.kind !== "directory" || lower.kind !== "directory") return upper;
  return { ...upper, parts: [...lower.parts, ...upper.parts], file: upper.file ?? lower.file };
}

function sorted(nodes: TreeNode[]): readonly TreeNode[] {
  return nodes.sort((left, right) => compareUtf8(left.name, right.name));
}

async function nodesOf(part: Part, pace: Pace | undefined): Promise<TreeNode[]> {
  if (part.kind === "real")
    return (await entriesOf(part.directory, pace)).map((entry) => realNode(part.directory, entry));
  const [name, next, ...rest] = part.below;
  if (next !== undefined) {
    const below: Part = { kind: "way", below: [next, ...rest], directory: part.directory };
    return [{ kind: "directory", name, parts: [below], file: undefined }];
  }
  return [{ kind: "directory", name, parts: [{ kind: "real", directory: part.directory }], file: part.directory }];
}

function realNode(directory: string, entry: Dirent): TreeNode {
  const { name } = entry;
  if (!entry.isDirectory()) return new TreeLeaf(directory, name);
  const file = fileIn(directory, name);
  return { kind: "directory", name, parts: [{ kind: "real", directory: file }], file };
}

function fileIn(directory: string, name: string): string {
  return directory.endsWith("/") ? `${directory}${name}` : `${directory}/${name}`;
}

async function entriesOf(directory: string, pace: Pace | undefined): Promise<readonly Dirent[]> {
  const startedAt = performance.now();
  try {
    const entries = pace?.isQuick
      ? readdirSync(directory, { withFileTypes: true })
      : await readdir(directory, { withFileTypes: true });
    pace?.took(1 + entries.length / 16, performance.now() - startedAt);
    return entries;
  } catch (cause) {
    if (isGone(cause)) return [];
    throw new InputError("INPUT_SOURCE_UNREADABLE", `the directory ${directory} cannot be read`, { cause });
  }
}

/** True for the errors of a file that was removed, or whose parent was replaced, since it was listed. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
