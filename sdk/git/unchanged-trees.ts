import type { Abortable } from "../core/abort.ts";
import { isBelow, limitedPaths } from "./changes.ts";
import { runGit, splitNul } from "./git-command.ts";
import { pathInRepository } from "./repository.ts";

/** A directory that was found clean, and where. */
export interface CleanTree {
  /** Absolute. */
  readonly directory: string;
  /** The root of its work tree. */
  readonly topLevel: string;
  /** The commit that HEAD was. */
  readonly revision: string;
}

/**
 * Of directories that were clean, those that can still be told to be: HEAD is the same commit, and nothing differs from it.
 * One process serves all of a repository. Of one that is not among them more has to be asked.
 *
 * @throws PlanError `PLAN_GIT_FAILED`
 */
export async function findUnchanged<Tree extends CleanTree>(
  trees: readonly Tree[],
  { signal }: Abortable = {},
): Promise<ReadonlySet<Tree>> {
  const byRepository = new Map<string, Tree[]>();
  for (const tree of trees) byRepository.set(tree.topLevel, [...(byRepository.get(tree.topLevel) ?? []), tree]);
  const found = await Promise.all(
    [...byRepository].map(async ([topLevel, members]) => await unchangedOf(topLevel, members, signal)),
  );
  return new Set(found.flat());
}

async function unchangedOf<Tree extends CleanTree>(
  topLevel: string,
  trees: readonly Tree[],
  signal: AbortSignal | undefined,
): Promise<readonly Tree[]> {
  const paths = new Map(trees.map((tree) => [tree, pathInRepository(tree.directory, { topLevel })]));
  const limits = limitedPaths([...paths.values()].flatMap((path) => path ?? []));
  const shape = ["--porcelain=v2", "--branch", "--no-ahead-behind", "--no-renames", "--untracked-files=all", "-z"];
  const args = ["--literal-pathspecs", "status", ...shape, "--", ...limits];
  const answer = await runGit({ directory: topLevel, args, signal });
  if (answer.exitCode !== 0) return [];
  const records = splitNul(answer.stdout);
  const revision = records.find((record) => record.startsWith(COMMIT))?.slice(COMMIT.length);
  const changed = records.filter((record) => !record.startsWith("#")).map(nameOf);
  return trees.filter((tree) => {
    const path = paths.get(tree);
    return tree.revision === revision && path !== undefined && !changed.some((name) => isBelow(name, path));
  });
}

const COMMIT = "# branch.oid ";

/** Fields before the name, by the kind of record. @source https://git-scm.com/docs/git-status/2.39.0 */
const FIELDS: Readonly<Record<string, number>> = { "1": 8, "2": 9, u: 10 };

function nameOf(record: string): string {
  return record
    .split(" ")
    .slice(FIELDS[record.charAt(0)] ?? 1)
    .join(" ");
}
