import { type Changes, readChanges } from "./changes.ts";
import { type Head, readHead } from "./head.ts";
import { pathInRepository, type Repository } from "./repository.ts";
import { type GitSubject, hasFixedHash, hashCommit, hashPath } from "./subject.ts";
import { readTreeHashes } from "./tree-hash.ts";

/** The answers of one repository to the questions of all subjects, each asked once. */
export interface Snapshot {
  readonly repository: Repository;
  /** Undefined in a repository without commits. */
  readonly head: Head | undefined;
  /** Undefined if no subject compares with HEAD. */
  readonly changes: Changes | undefined;
  /** Object ids by commit and path. */
  readonly trees: ReadonlyMap<string, ReadonlyMap<string, string | undefined>>;
}

interface Questions {
  readonly treePaths: Map<string, Set<string>>;
  readonly comparedPaths: Set<string>;
}

/** Asks every repository what its subjects need to know. */
export async function readSnapshots(
  subjects: readonly GitSubject[],
  repositories: ReadonlyMap<string, Repository | undefined>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<Repository, Snapshot>> {
  const questions = new Map<Repository, Questions>();
  for (const subject of subjects) collect(questions, subject, repositories);
  const snapshots = [...questions].map(
    async ([repository, asked]): Promise<[Repository, Snapshot]> => [
      repository,
      await readSnapshot(repository, asked, signal),
    ],
  );
  return new Map(await Promise.all(snapshots));
}

async function readSnapshot(repository: Repository, asked: Questions, signal?: AbortSignal): Promise<Snapshot> {
  const trees = [...asked.treePaths].map(async ([commit, paths]) => {
    return [commit, await readTreeHashes(repository, commit, [...paths], signal)] as const;
  });
  const [head, changes, ...entries] = await Promise.all([
    readHead(repository, signal),
    asked.comparedPaths.size === 0 ? undefined : readChanges(repository, [...asked.comparedPaths], signal),
    ...trees,
  ]);
  return { repository, head, changes, trees: new Map(entries) };
}

function collect(
  questions: Map<Repository, Questions>,
  subject: GitSubject,
  repositories: ReadonlyMap<string, Repository | undefined>,
): void {
  const commit = hashCommit(subject);
  const own = repositories.get(subject.directory);
  if (own) {
    const asked = questionsOf(questions, own);
    const path = pathInRepository(hashPath(subject), own);
    if (path !== undefined && commit === "HEAD") asked.comparedPaths.add(path);
    if (path !== undefined && !hasFixedHash(subject)) askTree(asked, commit, path);
  }
  for (const source of subject.extraSources) {
    const repository = repositories.get(source.directory);
    const path = repository && pathInRepository(source.directory, repository);
    if (repository && path !== undefined) askTree(questionsOf(questions, repository), commit, path);
  }
}

function questionsOf(questions: Map<Repository, Questions>, repository: Repository): Questions {
  const existing = questions.get(repository);
  if (existing) return existing;
  const created: Questions = { treePaths: new Map(), comparedPaths: new Set() };
  questions.set(repository, created);
  return created;
}

function askTree(questions: Questions, commit: string, path: string): void {
  const paths = questions.treePaths.get(commit) ?? new Set();
  questions.treePaths.set(commit, paths.add(path));
}
