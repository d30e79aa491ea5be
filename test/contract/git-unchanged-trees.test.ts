import { chmodSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findUnchanged } from "../../sdk/git/unchanged-trees.ts";
import { setOf } from "../../sdk/run/facade/package-spec.ts";
import { pkg } from "../../sdk/run/facade/pkg.ts";
import { tagPackageSet } from "../../sdk/run/tagging/tagging.ts";
import { createTreeWatch } from "../../sdk/run/tagging/tree-check.ts";
import { commit, createRepository, createWorkspace, git, type Workspace, write } from "./git-repository.ts";

let workspace: Workspace;
let root: string;

beforeEach(() => {
  workspace = createWorkspace();
  root = createRepository(join(workspace.directory, "repository"), {
    "pkg/build.yml": "image: one\n",
    "pkg/Dockerfile": "FROM scratch\n",
    "pkg/a name": "1",
    "other/file": "2",
    ".gitignore": "ignored\n",
  });
});
afterEach(() => workspace[Symbol.dispose]());

function symlinkInPlace(name: string): void {
  rmSync(join(root, name));
  symlinkSync("x", join(root, name));
}

function stage(files: Readonly<Record<string, string>>): void {
  write(root, files);
  git(root, "add", ".");
}

function commitOf(files: Readonly<Record<string, string>>): void {
  write(root, files);
  commit(root);
}

const CHANGES: readonly (readonly [string, () => void])[] = [
  ["content", () => write(root, { "pkg/a name": "changed" })],
  ["a mode", () => chmodSync(join(root, "pkg/a name"), 0o755)],
  ["a new file", () => write(root, { "pkg/deep/\u00e9\n new": "" })],
  ["a file that is gone", () => rmSync(join(root, "pkg/a name"))],
  ["a file with another name", () => renameSync(join(root, "pkg/a name"), join(root, "pkg/b name"))],
  ["a link in a file's place", () => symlinkInPlace("pkg/a name")],
  ["what is staged", () => stage({ "pkg/a name": "staged" })],
  ["a commit", () => commitOf({ "pkg/a name": "committed" })],
];
const HARMLESS: readonly (readonly [string, () => void])[] = [
  ["nothing", () => {}],
  ["a file elsewhere", () => write(root, { "other/file": "changed", new: "" })],
  ["an ignored file", () => write(root, { "pkg/ignored": "" })],
];

describe("a directory that was clean", () => {
  const tree = () => ({
    directory: join(root, "pkg"),
    topLevel: root,
    revision: git(root, "rev-parse", "HEAD").toString().trim(),
  });

  test.each(CHANGES)("is no longer what it was after %s", async (_, change) => {
    const before = tree();
    change();
    expect((await findUnchanged([before])).size).toBe(0);
  });

  test.each(HARMLESS)("is what it was after %s", async (_, change) => {
    const before = tree();
    change();
    expect([...(await findUnchanged([before]))]).toEqual([before]);
  });

  test("is told apart from others that are asked for with it", async () => {
    const [one, other] = [tree(), { ...tree(), directory: join(root, "other") }];
    const whole = { ...tree(), directory: root };
    const elsewhere = { ...tree(), topLevel: workspace.directory };
    write(root, { "other/file": "changed" });
    expect([...(await findUnchanged([one, other, whole, elsewhere]))]).toEqual([one]);
  });
});

describe("a package that is watched", () => {
  async function watch() {
    const signal = new AbortController().signal;
    const [tagged] = await tagPackageSet(setOf(pkg(join(root, "pkg")).spec), { signal });
    if (tagged === undefined) throw new Error("there is no package");
    return await createTreeWatch(signal).remember(tagged);
  }

  test.each(CHANGES)("is refused after %s", async (_, change) => {
    const check = await watch();
    change();
    await expect(check()).rejects.toMatchObject({ code: "PLAN_TREE_CHANGED" });
  });

  test.each(HARMLESS)("is let through after %s", async (_, change) => {
    const check = await watch();
    change();
    await check();
  });

  test("is let through after a commit of something else", async () => {
    const check = await watch();
    write(root, { "other/file": "changed" });
    commit(root);
    await check();
  });

  test("which was changed before has to stay as it was", async () => {
    write(root, { "pkg/a name": "changed" });
    const check = await watch();
    await check();
    write(root, { "pkg/a name": "changed again" });
    await expect(check()).rejects.toMatchObject({ code: "PLAN_TREE_CHANGED" });
  });
});
