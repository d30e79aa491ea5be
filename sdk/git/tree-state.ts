import { createHash, type Hash } from "node:crypto";
import { lstat, readlink } from "node:fs/promises";
import type { Abortable } from "../core/abort.ts";
import { type Changes, isBelow, readChanges } from "./changes.ts";
import { addFile, filePath } from "./content-hash.ts";
import { findRepositories, pathInRepository, type Repository } from "./repository.ts";
import { readTreeHashes } from "./tree-hash.ts";

/** The directories whose content goes into a package. */
export interface TreeSubject {
  /** Absolute. */
  readonly directory: string;
  readonly extraSources: readonly { readonly directory: string }[];
}

/**
 * A text that is equal as long as nothing changed in the package's directory and its extra sources: committed trees,
 * and names, modes and content of what differs from them. Ignored files do not count. Empty outside git, where nothing
 * can be told.
 *
 * @throws PlanError `PLAN_GIT_FAILED`
 */
export async function treeState(subject: TreeSubject, options: Abortable = {}): Promise<string> {
  const directories = [subject, ...subject.extraSources].map((source) => source.directory);
  const repositories = await findRepositories(directories, options.signal);
  const states = directories.map(async (directory) => {
    const repository = repositories.get(directory);
    return repository ? await directoryState(directory, repository, options.signal) : "";
  });
  return (await Promise.all(states)).join(" ").trim();
}

async function directoryState(directory: string, repository: Repository, signal?: AbortSignal): Promise<string> {
  const path = pathInRepository(directory, repository) ?? "";
  const changes = await readChanges(repository, [path], signal);
  const hash = createHash("sha256");
  if (changes.comparable) {
    const trees = await readTreeHashes(repository, "HEAD", [path], signal);
    hash.update(trees.get(path) ?? "");
  }
  await addChanges(hash, repository, changes, path, signal);
  return hash.digest("hex");
}

async function addChanges(hash: Hash, repository: Repository, changes: Changes, path: string, signal?: AbortSignal) {
  const buffer = Buffer.allocUnsafe(256 * 1024);
  const untracked = changes.untracked.map((name) => ({ name, change: "untracked" }));
  for (const { name, change } of [...changes.tracked, ...untracked]) {
    if (!isBelow(name, path)) continue;
    const file = filePath(repository.topLevel, name);
    hash.update(`\0${change}\0${name}\0${await describe(file)}\0`, "latin1");
    await addFile(hash, file, buffer, signal);
  }
}

/** Mode and link target, which git does not tell of untracked files. */
async function describe(file: Buffer): Promise<string> {
  try {
    const stat = await lstat(file);
    return `${stat.mode.toString(8)} ${stat.isSymbolicLink() ? await readlink(file, { encoding: "latin1" }) : ""}`;
  } catch {
    return "";
  }
}
