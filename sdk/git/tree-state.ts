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
 * For each subject a text that is equal as long as nothing changed in the package's directory and its extra sources:
 * committed trees, and names, modes and content of what differs from them. Ignored files do not count. Empty outside git,
 * where nothing can be told. A handful of processes serves all subjects of a repository.
 *
 * @throws PlanError `PLAN_GIT_FAILED`
 */
export async function readTreeStates<Subject extends TreeSubject>(
  subjects: readonly Subject[],
  { signal }: Abortable = {},
): Promise<ReadonlyMap<Subject, string>> {
  const repositories = await findRepositories(subjects.flatMap(directoriesOf), signal);
  const paths = new Map<Repository, Set<string>>();
  for (const [directory, repository] of repositories) {
    if (repository === undefined) continue;
    const path = pathInRepository(directory, repository) ?? "";
    paths.set(repository, (paths.get(repository) ?? new Set()).add(path));
  }
  const looks = await Promise.all(
    [...paths].map(async ([repository, set]) => [repository, await lookAt(repository, [...set], signal)] as const),
  );
  const byRepository = new Map(looks);
  const states = subjects.map(async (subject): Promise<readonly [Subject, string]> => {
    const parts = directoriesOf(subject).map(async (directory) => {
      const repository = repositories.get(directory);
      const look = repository && byRepository.get(repository);
      return look ? await directoryState(directory, look, signal) : "";
    });
    return [subject, (await Promise.all(parts)).join(" ").trim()];
  });
  return new Map(await Promise.all(states));
}

function directoriesOf(subject: TreeSubject): readonly string[] {
  return [subject, ...subject.extraSources].map((source) => source.directory);
}

/** What git says of some paths of a repository. */
interface Look {
  readonly repository: Repository;
  readonly changes: Changes;
  readonly trees: ReadonlyMap<string, string | undefined>;
}

async function lookAt(repository: Repository, paths: readonly string[], signal?: AbortSignal): Promise<Look> {
  const changes = await readChanges(repository, paths, signal);
  const trees = changes.comparable ? await readTreeHashes(repository, "HEAD", paths, signal) : new Map();
  return { repository, changes, trees };
}

async function directoryState(directory: string, look: Look, signal?: AbortSignal): Promise<string> {
  const { repository, changes, trees } = look;
  const path = pathInRepository(directory, repository) ?? "";
  const hash = createHash("sha256").update(trees.get(path) ?? "");
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
