import { PlanError } from "../core/errors.ts";
import { type GitCommand, gitFailed, gitOutput, runGit } from "./git-command.ts";
import type { Repository } from "./repository.ts";

const LISTED = /^[0-7]{6} [^ ]+ ([0-9a-f]{40,64})\t[^\0]+\0$/;
const CHECKED = /^([0-9a-f]{40,64}) [a-z]+ \d+$/;

/**
 * The object ids of paths at a commit, in one process for all; undefined where the commit has no such path.
 * The empty path is the commit's own tree.
 *
 * @throws PlanError `PLAN_NOT_IN_GIT` if the commit does not exist
 */
export async function readTreeHashes(
  repository: Repository,
  commit: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string | undefined>> {
  const asked = [...new Set(paths)];
  const command: GitCommand = {
    directory: repository.topLevel,
    args: ["cat-file", "--batch-check"],
    input: [`${commit}^{tree}`, ...asked.map((path) => `${commit}:${path}`)].map((line) => `${line}\n`).join(""),
    signal,
  };
  if (/[\n\r]/.test([commit, ...asked].join(""))) throw gitFailed(command, "a name with a line break is not supported");
  const [rootLine, ...lines] = (await gitOutput(command)).split("\n");
  if (objectId(rootLine) === undefined) throw unknownCommit(repository, commit);
  const entries = asked.map(
    async (path, index): Promise<[string, string | undefined]> => [
      path,
      objectId(path === "" ? rootLine : lines[index]) ?? (await listedEntry(repository, commit, path, signal)),
    ],
  );
  return new Map(await Promise.all(entries));
}

function objectId(line: string | undefined): string | undefined {
  return line === undefined ? undefined : CHECKED.exec(line)?.[1];
}

/** What `cat-file` cannot see although the tree names it: the commit of a submodule that is not checked out. */
async function listedEntry(repository: Repository, commit: string, path: string, signal: AbortSignal | undefined) {
  const args = ["ls-tree", "--full-tree", "-z", commit, "--", path];
  const answer = await runGit({ directory: repository.topLevel, args, signal });
  return answer.exitCode === 0 ? LISTED.exec(answer.stdout)?.[1] : undefined;
}

function unknownCommit(repository: Repository, commit: string): PlanError {
  return new PlanError("PLAN_NOT_IN_GIT", `${repository.topLevel} has no commit "${commit}"`, {
    hint: commit === "HEAD" ? "Commit once, or give a fixed hash." : "Name a commit that the repository holds.",
    details: { topLevel: repository.topLevel, commit },
  });
}
