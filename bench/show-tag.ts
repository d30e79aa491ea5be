/**
 * The tags of 42 packages of one repository, with a short history and with a long one: in one process whose modules are
 * loaded, and as a process of its own; beside git, whose four questions are asked for each package in turn, and beside
 * the LinuxKit CLI where PATH has it. Needs what `npm run build` makes.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { readGitFacts } from "../sdk/git/facts.ts";
import { loadPackage } from "../sdk/loaders/load-package.ts";
import { tagPackage } from "../sdk/plan/tag.ts";
import { builtProgram, runToEnd } from "./harness/built-program.ts";
import { INPUTS } from "./harness/inputs.ts";
import { createTimedSide, sampleOf, takeTurns } from "./harness/measurement.ts";
import { createPackageSet } from "./harness/packages.ts";
import { reportComparison, reportTime } from "./harness/results.ts";
import { createScratch } from "./harness/scratch.ts";
import { sized } from "./harness/size.ts";

const FILES_PER_PACKAGE = 40;
const HISTORIES = [1, sized(10_000, 20)] as const;
const GOAL = { limit: 200 };

using scratch = createScratch();
const program = builtProgram();
const hasLinuxkit = spawnSync("linuxkit", ["version"]).status === 0;
for (const history of HISTORIES) await compare(history);

async function compare(history: number): Promise<void> {
  const directories = createPackages(history);
  const warm = createTimedSide(() => showTags(directories));
  const whole = createTimedSide(() => runToEnd(process.execPath, program, "pkg", "show-tag", ...directories));
  const git = createTimedSide(() => directories.forEach(gitCommandsOf));
  const linuxkit = createTimedSide(() => runToEnd("linuxkit", "pkg", "show-tag", ...directories));
  await showTags(directories);
  await takeTurns([warm, whole, git, ...(hasLinuxkit ? [linuxkit] : [])], { rounds: 7 });
  const commits = history === 1 ? "one commit" : `${history} commits`;
  for (const [how, side] of [
    ["modules loaded", warm],
    ["whole process", whole],
  ] as const) {
    const what = `tags of ${directories.length} packages, ${commits}, ${how}`;
    const ours = sampleOf(side.outcomes);
    reportTime(what, ours, GOAL);
    reportComparison({ what, ours, peer: { name: "git per package", ...sampleOf(git.outcomes) } });
    if (hasLinuxkit) reportComparison({ what, ours, peer: { name: "LinuxKit", ...sampleOf(linuxkit.outcomes) } });
  }
}

function createPackages(history: number): readonly string[] {
  const files = Object.fromEntries(
    Array.from({ length: FILES_PER_PACKAGE }, (_, file) => [`file-${file}`, `content ${file}\n`]),
  );
  const directory = join(scratch.path, `history-${history}`);
  const { names } = createPackageSet({ directory, count: INPUTS.packages.repository, salt: "", files, history });
  return names.map((name) => join(directory, "pkg", name));
}

async function showTags(directories: readonly string[]): Promise<string[]> {
  const packages = await Promise.all(directories.map((directory) => loadPackage(directory)));
  const facts = await readGitFacts(packages);
  return packages.flatMap((pkg) => {
    const found = facts.get(pkg);
    return found === undefined ? [] : tagPackage(pkg, found).shortReference;
  });
}

/** What a tool asks that looks at one package at a time. */
function gitCommandsOf(directory: string): void {
  const git = (...parameters: string[]) => spawnSync("git", ["-C", directory, ...parameters]);
  git("rev-parse", "--is-inside-work-tree");
  git("diff", "--no-ext-diff", "--exit-code", "--quiet", "HEAD", "--", directory);
  git("ls-files", "--exclude-standard", "--others", "--error-unmatch", "--", directory);
  git("ls-tree", "--full-tree", "HEAD", "--", directory);
}
