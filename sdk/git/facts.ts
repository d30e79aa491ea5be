import type { Abortable } from "../core/abort.ts";
import { InputError, PlanError } from "../core/errors.ts";
import { deepFreeze } from "../core/freeze.ts";
import type { GitFacts } from "../core/git-facts.ts";
import { isBelow } from "./changes.ts";
import { readContentHashes } from "./content-hashes.ts";
import { findRepositories, guessRepositories, pathInRepository, type Repository } from "./repository.ts";
import { readSnapshots, type Snapshot } from "./snapshot.ts";
import { type GitSubject, hasFixedHash, hashCommit, hashPath } from "./subject.ts";

/**
 * Reads what git says of packages, with a handful of processes per repository, however many packages it holds.
 * The rules are those of the LinuxKit CLI, so that tags come out equal.
 *
 * @throws PlanError `PLAN_NOT_IN_GIT` for a package that is not committed, `PLAN_GIT_FAILED`
 * @throws InputError `INPUT_SOURCE_MISSING` for an extra source that is not committed
 */
export async function readGitFacts<Subject extends GitSubject>(
  subjects: readonly Subject[],
  options: Abortable = {},
): Promise<ReadonlyMap<Subject, GitFacts>> {
  const directories = subjects.flatMap((subject) => [subject, ...subject.extraSources]).map((it) => it.directory);
  const { repositories, snapshots } = await lookAt(subjects, directories, options.signal);
  const facts = new Map(subjects.map((subject) => [subject, factsOf(subject, repositories, snapshots)]));
  return await withContentHashes(facts, repositories, options.signal);
}

interface Look {
  readonly repositories: ReadonlyMap<string, Repository | undefined>;
  readonly snapshots: ReadonlyMap<Repository, Snapshot>;
}

/** Asks of the repositories that are most likely meant while git says which are; if others are, it asks again. */
async function lookAt(
  subjects: readonly GitSubject[],
  directories: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Look> {
  const guessed = guessRepositories(directories);
  const early = readSnapshots(subjects, guessed, signal);
  early.catch(() => undefined);
  const found = await findRepositories(directories, signal);
  const isRight = [...found].every(([directory, one]) => one?.topLevel === guessed.get(directory)?.topLevel);
  if (isRight) return { repositories: guessed, snapshots: await early };
  await Promise.allSettled([early]);
  return { repositories: found, snapshots: await readSnapshots(subjects, found, signal) };
}

function factsOf(
  subject: GitSubject,
  repositories: ReadonlyMap<string, Repository | undefined>,
  snapshots: ReadonlyMap<Repository, Snapshot>,
): GitFacts {
  const extraTreeHashes = subject.extraSources.map((source) => {
    const repository = repositories.get(source.directory);
    const tree = repository && treeOf(source.directory, hashCommit(subject), snapshots.get(repository));
    return tree ?? missingSource(subject, source, repository);
  });
  const repository = repositories.get(subject.directory);
  const snapshot = repository && snapshots.get(repository);
  if (snapshot === undefined) return { inGit: false, extraTreeHashes, dirty: false };
  return {
    inGit: true,
    topLevel: snapshot.repository.topLevel,
    ...(hasFixedHash(subject) ? {} : { treeHash: committedTree(subject, snapshot) }),
    extraTreeHashes,
    dirty: subject.hash.forceDirty === true || isDirty(subject, snapshot),
    ...snapshot.head,
  };
}

function treeOf(path: string, commit: string, snapshot: Snapshot | undefined): string | undefined {
  const name = snapshot && pathInRepository(path, snapshot.repository);
  return name === undefined ? undefined : snapshot?.trees.get(commit)?.get(name);
}

function isDirty(subject: GitSubject, { repository, changes }: Snapshot): boolean {
  if (hashCommit(subject) !== "HEAD") return false;
  const path = pathInRepository(hashPath(subject), repository);
  if (path === undefined || changes?.comparable !== true) return true;
  return (
    changes.tracked.some(({ name }) => isBelow(name, path)) || changes.untracked.some((name) => isBelow(name, path))
  );
}

function committedTree(subject: GitSubject, snapshot: Snapshot): string {
  const path = hashPath(subject);
  const commit = hashCommit(subject);
  const tree = treeOf(path, commit, snapshot);
  if (tree !== undefined) return tree;
  throw new PlanError("PLAN_NOT_IN_GIT", `${path} is in a git work tree, but not in the commit ${commit}`, {
    hint: "Commit the package, or give a fixed hash.",
    details: { directory: path, commit, topLevel: snapshot.repository.topLevel },
  });
}

function missingSource(
  subject: GitSubject,
  source: GitSubject["extraSources"][number],
  repository: Repository | undefined,
): never {
  const why = repository ? `not in the commit ${hashCommit(subject)}` : "not in a git work tree";
  throw new InputError("INPUT_SOURCE_MISSING", `the extra source ${source.directory} is ${why}`, {
    hint: "An extra source is a directory that is committed to git: its tree is part of the package's tag.",
    ...(source.location === undefined ? {} : { location: source.location }),
    details: { directory: source.directory, package: subject.directory },
  });
}

async function withContentHashes<Subject extends GitSubject>(
  facts: ReadonlyMap<Subject, GitFacts>,
  repositories: ReadonlyMap<string, Repository | undefined>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<Subject, GitFacts>> {
  const wanted = new Map<Repository, Set<string>>();
  for (const [subject, { dirty, treeHash }] of facts) {
    const repository = repositories.get(subject.directory);
    if (!repository || !dirty || treeHash === undefined) continue;
    wanted.set(repository, (wanted.get(repository) ?? new Set()).add(subject.directory));
  }
  const hashes = new Map<string, string>();
  for (const [repository, directories] of wanted) {
    for (const entry of await readContentHashes(repository, [...directories], signal)) hashes.set(...entry);
  }
  const completed = [...facts].map(([subject, fact]): [Subject, GitFacts] => {
    const hash = fact.dirty && fact.treeHash !== undefined ? hashes.get(subject.directory) : undefined;
    return [subject, deepFreeze(hash === undefined ? fact : { ...fact, contentHash: hash })];
  });
  return new Map(completed);
}
