import type { Abortable } from "../core/abort.ts";
import { runGit, splitNul } from "./git-command.ts";

/**
 * The files of directories that differ between a commit and the work tree, relative to the top of the repository; files
 * that git does not know and does not ignore count. Undefined where the repository does not have the commit.
 */
export async function changedFiles(
  directories: readonly string[],
  commit: string,
  { signal }: Abortable = {},
): Promise<readonly string[] | undefined> {
  const changed = new Set<string>();
  for (const directory of directories) {
    const diff = ["diff", "--no-ext-diff", "--name-only", "-z", commit, "--", "."];
    const compared = await runGit({ directory, args: diff, signal });
    if (compared.exitCode !== 0) return undefined;
    const others = ["ls-files", "--exclude-standard", "--others", "--full-name", "-z", "--", "."];
    const untracked = await runGit({ directory, args: others, signal });
    for (const name of splitNul(compared.stdout + untracked.stdout)) {
      changed.add(Buffer.from(name, "latin1").toString("utf8"));
    }
  }
  return [...changed].sort();
}
