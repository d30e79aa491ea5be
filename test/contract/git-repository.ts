import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readGitFacts } from "../../sdk/git/facts.ts";
import { loadPackage } from "../../sdk/loaders/load-package.ts";
import type { HashOptions } from "../../sdk/pkg/package.ts";
import { tagPackage } from "../../sdk/plan/tag.ts";

/** A directory for repositories, gone at the end. */
export interface Workspace extends Disposable {
  readonly directory: string;
}

export function createWorkspace(): Workspace {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "kitsmith-git-")));
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Runs git as any user would; gives its output without the last line break. */
export function git(directory: string, ...args: string[]): string {
  const identity = [
    "-c",
    "user.name=Author",
    "-c",
    "user.email=author@example.com",
    "-c",
    "protocol.file.allow=always",
  ];
  return execFileSync("git", ["-C", directory, ...identity, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trimEnd();
}

export function write(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
}

export function createRepository(directory: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(directory, { recursive: true });
  git(directory, "init", "--quiet", "--initial-branch=main");
  write(directory, files);
  commit(directory);
  return directory;
}

export function commit(directory: string): void {
  git(directory, "add", "--all");
  git(directory, "commit", "--quiet", "--message=change");
}

/** The short reference of each directory's package, all read in one go. */
export async function tagsOf(directories: readonly string[], hash: HashOptions = {}): Promise<string[]> {
  const packages = await Promise.all(directories.map((directory) => loadPackage(directory, { hash })));
  const facts = await readGitFacts(packages);
  return packages.map((pkg) => {
    const found = facts.get(pkg);
    return found === undefined ? "" : tagPackage(pkg, found).shortReference;
  });
}

/** The hash that plain git commands, one by one, give for a package: the rules written out. */
export function referenceHash(directory: string, extraSources: readonly string[] = [], forceDirty = false): string {
  const trees = [directory, ...extraSources].map(treeHash);
  const [own = ""] = trees;
  const hash = trees.length === 1 ? own : createHash("sha1").update(trees.join("")).digest("hex");
  return forceDirty || isDirty(directory) ? `${hash}-dirty-${contentDigits(directory)}` : hash;
}

function treeHash(directory: string): string {
  if (git(directory, "rev-parse", "--prefix", directory, "--show-toplevel") === directory) {
    return git(directory, "show", "--format=%T", "-s", "HEAD");
  }
  return git(directory, "ls-tree", "--full-tree", "HEAD", "--", directory).split(/[ \t]/)[2] ?? "";
}

function isDirty(directory: string): boolean {
  const exitCode = (...args: string[]) => spawnSync("git", ["-C", directory, ...args, "--", directory]).status;
  const changed = exitCode("diff", "--no-ext-diff", "--exit-code", "--quiet", "HEAD") !== 0;
  return changed || exitCode("ls-files", "--exclude-standard", "--others", "--error-unmatch") === 0;
}

function contentDigits(directory: string): string {
  const names = [git(directory, "ls-files"), git(directory, "ls-files", "--exclude-standard", "--others")];
  const hash = createHash("sha256");
  for (const name of names.join("\n").split("\n").filter(Boolean)) {
    const path = join(directory, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 7);
}
