import { gitOutput, runGit, splitNul } from "./git-command.ts";
import type { Repository } from "./repository.ts";

/** Files of a work tree that differ from HEAD; names are relative to its root, one character per byte. */
export interface Changes {
  /** False in a repository without commits: then everything counts as changed. */
  readonly comparable: boolean;
  /** Tracked files whose content, mode or existence differs, with what `git diff --raw` says of each. */
  readonly tracked: readonly { readonly name: string; readonly change: string }[];
  /** Files that are neither tracked nor ignored. A nested repository stands as one name that ends in a slash. */
  readonly untracked: readonly string[];
}

/** Longer lists of paths are not handed to git; it then looks at the whole work tree. */
const MAX_PATH_CHARACTERS = 100_000;

/** What git is given of a list of paths of a repository; nothing stands for the whole of it. */
export function limitedPaths(paths: readonly string[]): readonly string[] {
  return paths.some((path) => path === "") || paths.join("").length > MAX_PATH_CHARACTERS ? [] : paths;
}

/** Compares the work tree with HEAD, in two processes for all paths together. */
export async function readChanges(
  repository: Repository,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Changes> {
  const limits = limitedPaths(paths);
  const [diff, untracked] = await Promise.all([
    runGit({
      directory: repository.topLevel,
      args: ["--literal-pathspecs", "diff", "--no-ext-diff", "--no-renames", "--raw", "-z", "HEAD", "--", ...limits],
      signal,
    }),
    listUntracked(repository, limits, signal),
  ]);
  return { comparable: diff.exitCode === 0, tracked: parseRaw(diff.stdout), untracked };
}

/** Files below the paths (all, if none is given) that are neither tracked nor ignored, in git's order. */
export async function listUntracked(
  repository: Repository,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const args = ["--literal-pathspecs", "ls-files", "-z", "--exclude-standard", "--others", "--", ...paths];
  return splitNul(await gitOutput({ directory: repository.topLevel, args, signal }));
}

/** Tracked files below the paths (all, if none is given), in git's order. */
export async function listTracked(
  repository: Repository,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const args = ["--literal-pathspecs", "ls-files", "-z", "--", ...paths];
  return splitNul(await gitOutput({ directory: repository.topLevel, args, signal }));
}

/** True if a name (one character per byte) is the path or lies below it. */
export function isBelow(name: string, path: string): boolean {
  const prefix = byteName(path);
  return prefix === "" || name === prefix || name.startsWith(`${prefix}/`);
}

/** A path as git's output is read here: one character per byte. */
export function byteName(path: string): string {
  return Buffer.from(path, "utf8").toString("latin1");
}

/** Entries of `git diff --raw -z`: what changed, then the name. */
export function parseRaw(output: string): readonly { readonly name: string; readonly change: string }[] {
  const parts = splitNul(output);
  const entries: { name: string; change: string }[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    entries.push({ change: parts[index] ?? "", name: parts[index + 1] ?? "" });
  }
  return entries;
}
