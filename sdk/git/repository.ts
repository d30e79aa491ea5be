import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { mapConcurrent } from "../core/concurrency.ts";
import { gitFailed, runGit } from "./git-command.ts";

/** A work tree that git found. */
export interface Repository {
  /** As git prints it: absolute, symlinks resolved. */
  readonly topLevel: string;
}

/** Processes of git that run at once. */
const GIT_PROCESSES = 8;

/**
 * Finds the work tree of each directory, or undefined where there is none.
 * One process serves all directories below the same `.git`.
 *
 * @throws PlanError `PLAN_GIT_FAILED` if git cannot be run, does not trust the repository, or a directory lies in `.git`
 */
export async function findRepositories(
  directories: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Repository | undefined>> {
  const groups = new Map<string, string[]>();
  for (const directory of new Set(directories)) {
    if (!isDirectory(directory)) continue;
    const key = guessTopLevel(directory) ?? directory;
    groups.set(key, [...(groups.get(key) ?? []), directory]);
  }
  const found = new Map<string, Repository | undefined>();
  const known = new Map<string, Repository>();
  await mapConcurrent([...groups.values()], GIT_PROCESSES, async (members) => {
    const [first] = members;
    if (first === undefined) return;
    const topLevel = await askTopLevel(first, signal);
    const repository = topLevel === undefined ? undefined : (known.get(topLevel) ?? { topLevel });
    if (repository) known.set(repository.topLevel, repository);
    for (const member of members) found.set(member, repository);
  });
  return found;
}

async function askTopLevel(directory: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const command = { directory, args: ["rev-parse", "--is-inside-work-tree", "--show-toplevel"], signal };
  const answer = await runGit(command);
  const [inside, topLevel] = answer.stdout.split("\n");
  if (inside === "true" && answer.exitCode === 0 && topLevel) return Buffer.from(topLevel, "latin1").toString("utf8");
  if (/dubious ownership/.test(answer.stderr)) {
    throw gitFailed(
      command,
      "git does not trust this repository, because another user owns it",
      `Run "git config --global --add safe.directory <root of the repository>", or give a fixed hash.`,
    );
  }
  if (inside === "false") throw gitFailed(command, "the directory is not in a work tree, but in git's own directory");
  return undefined;
}

/** Variables that change where git looks for a repository. */
const DISCOVERY = ["GIT_DIR", "GIT_WORK_TREE", "GIT_CEILING_DIRECTORIES"];

/** The work tree of each directory as git would most likely find it: for questions that need not wait for its answer. */
export function guessRepositories(directories: readonly string[]): ReadonlyMap<string, Repository | undefined> {
  const known = new Map<string, Repository>();
  const guesses = directories.filter(isDirectory).map((directory) => {
    const topLevel = guessTopLevel(directory);
    const repository = topLevel === undefined ? undefined : (known.get(topLevel) ?? { topLevel });
    if (repository) known.set(repository.topLevel, repository);
    return [directory, repository] as const;
  });
  return new Map(guesses);
}

/** The directory that holds `.git`; undefined where the environment or nothing says which. */
function guessTopLevel(directory: string): string | undefined {
  if (DISCOVERY.some((name) => process.env[name] !== undefined)) return undefined;
  let current = realDirectory(directory);
  for (;;) {
    if (existsSync(join(current, ".git"))) return current;
    if (existsSync(join(current, "HEAD"))) return undefined; // perhaps a bare repository
    const parent = dirname(current);
    if (parent === current) return undefined;
    current = parent;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A directory's real path; the path itself if it does not exist. */
export function realDirectory(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}

/**
 * A path's name in the work tree, by git's rule for absolute paths: text below the root counts as it is; else the
 * shortest leading part that is a symlink to the root is cut off; else the real path counts. Undefined if the path
 * lies outside.
 */
export function pathInRepository(path: string, repository: Repository): string | undefined {
  const root = repository.topLevel;
  if (path === root) return "";
  const textual = below(root, path);
  if (textual !== undefined) return textual;
  const parts = path.split(sep);
  for (let count = 2; count <= parts.length; count += 1) {
    if (realDirectory(parts.slice(0, count).join(sep)) === root) return parts.slice(count).join(sep);
  }
  return below(root, realDirectory(path));
}

/** A path relative to a directory that it lies in, by text alone. */
function below(directory: string, path: string): string | undefined {
  const name = relative(directory, path);
  return name === ".." || name.startsWith(`..${sep}`) ? undefined : name;
}
