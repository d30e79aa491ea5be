/**
 * The tags of 42 packages of one repository, beside git alone: what one process of git costs, and what the LinuxKit
 * CLI's git commands cost when they are run for each package in turn. Prints ratios; run it with
 * `npx tsx bench/show-tag.ts`.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { readGitFacts } from "../sdk/git/facts.ts";
import { loadPackage } from "../sdk/loaders/load-package.ts";
import { tagPackage } from "../sdk/plan/tag.ts";

const PACKAGES = 42;
const FILES_PER_PACKAGE = 40;
const ROUNDS = 15;

const root = mkdtempSync(join(tmpdir(), "kitsmith-bench-"));
try {
  const directories = createPackages();
  const first = await measure(() => showTags(directories));
  const load = await median(() => Promise.all(directories.map((directory) => loadPackage(directory))));
  const all = await median(() => showTags(directories));
  const oneProcess = await median(() => git(root, "rev-parse", "HEAD"));
  const each = await measure(() => directories.forEach(gitCommandsOf));
  print("tags of 42 packages, first call (yaml and zod are loaded)", first, oneProcess);
  print("tags of 42 packages, again", all, oneProcess);
  print("  of which loading build.yml files", load, oneProcess);
  print("one git process (rev-parse)", oneProcess, oneProcess);
  print("git alone, four commands per package in turn", each, oneProcess);
  // Its first run may read its program from the disk.
  if (spawnSync("linuxkit", ["version"]).status === 0) {
    const linuxkit = await measure(() => spawnSync("linuxkit", ["pkg", "show-tag", ...directories]));
    print("the LinuxKit CLI that is on PATH, one process", linuxkit, oneProcess);
  }
  console.log(`git alone, one by one / kitsmith: ${(each / all).toFixed(1)}`);
} finally {
  rmSync(root, { recursive: true, force: true });
}

function createPackages(): string[] {
  const names = Array.from({ length: PACKAGES }, (_, index) => `package-${String(index).padStart(2, "0")}`);
  const directories = names.map((name) => join(root, "pkg", name));
  for (const [index, directory] of directories.entries()) {
    mkdirSync(directory, { recursive: true });
    const files = Array.from(
      { length: FILES_PER_PACKAGE },
      (_, file) => [`file-${file}`, `content ${file}\n`] as const,
    );
    const own = [
      ["build.yml", `image: ${names[index]}\nconfig:\n  capabilities: [all]\n`],
      ["Dockerfile", "FROM scratch\n"],
    ] as const;
    for (const [name, content] of [...own, ...files]) writeFileSync(join(directory, name), content);
  }
  git(root, "init", "--quiet");
  git(root, "add", "--all");
  git(root, "-c", "user.name=Author", "-c", "user.email=author@example.com", "commit", "--quiet", "--message=packages");
  return directories;
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
  spawnSync("git", ["-C", directory, "rev-parse", "--is-inside-work-tree"]);
  spawnSync("git", ["-C", directory, "diff", "--no-ext-diff", "--exit-code", "--quiet", "HEAD", "--", directory]);
  spawnSync("git", ["-C", directory, "ls-files", "--exclude-standard", "--others", "--error-unmatch", "--", directory]);
  spawnSync("git", ["-C", directory, "ls-tree", "--full-tree", "HEAD", "--", directory]);
}

function git(directory: string, ...args: string[]): string {
  return execFileSync("git", ["-C", directory, ...args], { encoding: "utf8" });
}

async function measure(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function median(work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push(await measure(work));
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
}

function print(label: string, timeMs: number, unitMs: number): void {
  console.log(
    `${label.padEnd(60)} ${timeMs.toFixed(1).padStart(8)} ms  ${(timeMs / unitMs).toFixed(1).padStart(6)} × one git process`,
  );
}
