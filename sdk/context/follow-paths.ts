import { readlink } from "node:fs/promises";
import { posix } from "node:path";
import { compareUtf8 } from "../core/utf8-order.ts";
import { cleanPath } from "./clean-path.ts";
import { matchGoGlob } from "./go-match.ts";
import { isGone, type TreeNode, type VirtualTree } from "./virtual-tree.ts";

/**
 * The include list with paths added that are followed through symlinks: every link on the way and what it leads to.
 * The last element may hold wildcards. Targets are taken inside the tree; what is missing stays as it is.
 * Undefined: no include list, since a path is the root.
 *
 * @source https://github.com/tonistiigi/fsutil/blob/83cac42c1c52/followlinks.go
 */
export async function includeFollowed(
  tree: VirtualTree,
  include: readonly string[],
  followPaths: readonly string[],
): Promise<readonly string[] | undefined> {
  if (followPaths.length === 0) return include;
  const resolved = new Set<string>();
  for (const path of followPaths) await follow(tree, path, resolved);
  const targets = withoutNested([...resolved].sort(compareUtf8));
  return targets === undefined ? include : withoutNested([...include, ...targets]);
}

/** Leaves out what lies below the entry before it; undefined if the root is among them. */
function withoutNested(paths: readonly string[]): readonly string[] | undefined {
  if (paths.includes(".")) return undefined;
  const kept: string[] = [];
  for (const path of paths) {
    if (!path.startsWith(`${kept.at(-1) ?? ""}/`)) kept.push(path);
  }
  return kept;
}

/** Every link is followed once, so circles end. */
async function follow(tree: VirtualTree, path: string, resolved: Set<string>): Promise<void> {
  const pending = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const elements = cleanPath(posix.join(".", next)).split("/");
    pending.push(...(await followOne(tree, elements, resolved)).reverse());
  }
}

/** Walks down to the first symlink and gives the paths that it leads to; none if there is no symlink on the way. */
async function followOne(tree: VirtualTree, elements: readonly string[], resolved: Set<string>): Promise<string[]> {
  let current = ".";
  for (const [index, element] of elements.entries()) {
    current = posix.join(current, element);
    const rest = elements.slice(index + 1).join("/");
    const targets = await linkTargets(tree, current);
    if (rest !== "" && targets.length === 0) continue;
    if (resolved.has(current)) return [];
    resolved.add(current);
    return targets.map((target) => posix.join(target, rest));
  }
  return [];
}

async function linkTargets(tree: VirtualTree, path: string): Promise<readonly string[]> {
  const name = posix.basename(path);
  if (!/^(?:[^\\*?[]|\\.)*[*?[]/su.test(name)) return await linkTarget(path, await tree.find(path));
  const directory = posix.dirname(path);
  const parent = directory === "." ? tree.root : await tree.find(directory);
  if (parent?.kind !== "directory") return [];
  const nodes = (await tree.children(parent)).filter((node) => matchGoGlob(name, node.name));
  return (await Promise.all(nodes.map((node) => linkTarget(posix.join(directory, node.name), node)))).flat();
}

async function linkTarget(path: string, node: TreeNode | undefined): Promise<readonly string[]> {
  if (node?.kind !== "leaf") return [];
  try {
    const link = cleanPath(await readlink(node.file));
    return [posix.isAbsolute(link) ? link : posix.join("/", posix.dirname(path), link)];
  } catch (error) {
    if (isGone(error) || isNotSymlink(error)) return [];
    throw error;
  }
}

function isNotSymlink(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EINVAL";
}
