import type { Abortable } from "../core/abort.ts";
import { PlanError } from "../core/errors.ts";
import { runGit } from "./git-command.ts";

const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/**
 * The commit that a branch, tag or other reference of a repository elsewhere points to; a commit's full hash is itself.
 * Asked with git, with its credentials.
 *
 * @param ref - "" for the remote's own choice
 * @throws PlanError `PLAN_NOT_IN_GIT` if there is no such reference, `PLAN_GIT_FAILED` if the repository cannot be asked
 */
export async function readRemoteCommit(url: string, ref: string, { signal }: Abortable = {}): Promise<string> {
  if (COMMIT.test(ref)) return ref;
  const name = ref === "" ? "HEAD" : ref;
  const { exitCode, stdout, stderr } = await runGit({
    directory: "/",
    args: ["ls-remote", "--", url, name, `${name}^{}`],
    signal,
  });
  if (exitCode !== 0) {
    throw new PlanError("PLAN_GIT_FAILED", `git cannot ask ${url}: ${stderr.trim().split("\n")[0] ?? ""}`, {
      hint: "Look whether the repository is there, and whether git has credentials for it.",
      details: { url },
    });
  }
  const commits = new Map(
    stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line): [string, string] => [line.slice(line.indexOf("\t") + 1), line.slice(0, line.indexOf("\t"))]),
  );
  // An annotated tag is an object of its own; ^{} is the commit that it names.
  const wanted = [name, `refs/heads/${name}`, `refs/tags/${name}^{}`, `refs/tags/${name}`, `refs/${name}`];
  const commit = wanted.map((one) => commits.get(one)).find((one) => one !== undefined);
  if (commit !== undefined) return commit;
  throw new PlanError("PLAN_NOT_IN_GIT", `${url} has no branch or tag ${name}`, {
    hint: "Name a branch, a tag or a full commit after # in the address.",
    details: { url, ref: name },
  });
}
