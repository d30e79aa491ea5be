import { gitFailed, gitOutput, runGit } from "./git-command.ts";
import type { Repository } from "./repository.ts";

/** The commit that a work tree stands on. */
export interface Head {
  /** Full commit. */
  readonly revision: string;
  /**
   * What the LinuxKit CLI calls the Go package version: always `v0.0.0-`, the committer date in the local time zone,
   * and the abbreviated commit; tags never count.
   */
  readonly goPackageVersion: string;
}

/** Reads HEAD; undefined in a repository without commits. */
export async function readHead(repository: Repository, signal?: AbortSignal): Promise<Head | undefined> {
  const args = ["show", "-s", "--no-show-signature", "--no-color", "--abbrev=12"];
  const format = ["--date=format-local:%Y%m%d%H%M%S", "--format=%H%n%cd-%h", "HEAD", "--"];
  const answer = await runGit({ directory: repository.topLevel, args: [...args, ...format], signal });
  const [revision, version] = answer.stdout.split("\n");
  return answer.exitCode === 0 && revision && version ? { revision, goPackageVersion: `v0.0.0-${version}` } : undefined;
}

/**
 * The tags that point at HEAD, in git's order; none outside git.
 *
 * @throws PlanError `PLAN_GIT_FAILED`
 */
export async function readTagsAtHead(directory: string, signal?: AbortSignal): Promise<readonly string[]> {
  const command = { directory, args: ["tag", "-l", "--points-at", "HEAD"], signal };
  const answer = await runGit(command);
  if (answer.exitCode !== 0 && /not a git repository/.test(answer.stderr)) return [];
  if (answer.exitCode !== 0) throw gitFailed(command, "the tags at HEAD could not be read");
  return Buffer.from(answer.stdout, "latin1").toString("utf8").split("\n").filter(Boolean);
}

/** Whether git prints names with non-ASCII bytes in quotes (`core.quotePath`). */
export async function readQuotePath(repository: Repository, signal?: AbortSignal): Promise<boolean> {
  const args = ["config", "--type=bool", "--default=true", "--get", "core.quotePath"];
  return (await gitOutput({ directory: repository.topLevel, args, signal })).trim() !== "false";
}
