import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readGitFacts } from "../../sdk/git/facts.ts";
import { readTagsAtHead } from "../../sdk/git/head.ts";
import { readTreeStates, type TreeSubject } from "../../sdk/git/tree-state.ts";
import { commit, createRepository, createWorkspace, git, type Workspace, write } from "./git-repository.ts";

let workspace: Workspace;
let root: string;
const subject = () => ({ directory: join(root, "pkg"), extraSources: [{ directory: join(root, "extra") }], hash: {} });

const treeState = async (one: TreeSubject) => (await readTreeStates([one])).get(one);

beforeEach(() => {
  workspace = createWorkspace();
  root = createRepository(join(workspace.directory, "repository"), { "pkg/file": "1", "extra/file": "2", other: "3" });
});
afterEach(() => workspace[Symbol.dispose]());

test("the state changes with every file that is sent, and with no other", async () => {
  const states = [await treeState(subject())];
  const changes = [
    () => write(root, { "pkg/file": "changed" }),
    () => write(root, { "pkg/file": "changed again" }),
    () => write(root, { "extra/new": "1" }),
    () => write(root, { "extra/new": "2" }),
    () => chmodSync(join(root, "extra/new"), 0o755),
    () => symlinkSync("file", join(root, "pkg/link")),
    () => chmodSync(join(root, "extra/file"), 0o755),
    () => rmSync(join(root, "extra/file")),
    () => commit(root),
  ];
  for (const change of changes) {
    change();
    states.push(await treeState(subject()));
  }
  expect(new Set(states).size).toBe(states.length);
  write(root, { other: "changed" });
  expect(await treeState(subject())).toBe(states.at(-1));
});

test("subjects that are asked for together have the states that they have alone", async () => {
  const outside = join(workspace.directory, "outside");
  mkdirSync(outside);
  const subjects = [
    subject(),
    { directory: join(root, "extra"), extraSources: [] },
    { directory: root, extraSources: [] },
    { directory: outside, extraSources: [] },
  ];
  write(root, { "extra/new": "1", other: "changed" });
  const states = await readTreeStates(subjects);
  for (const one of subjects) expect(states.get(one)).toBe(await treeState(one));
  expect(new Set(states.values()).size).toBe(4);
});

test("the state tells nothing outside git, and works before the first commit", async () => {
  const outside = join(workspace.directory, "outside");
  mkdirSync(outside);
  expect(await treeState({ directory: outside, extraSources: [] })).toBe("");
  git(outside, "init", "--quiet");
  const before = await treeState({ directory: outside, extraSources: [] });
  write(outside, { file: "1" });
  expect(await treeState({ directory: outside, extraSources: [] })).not.toBe(before);
});

test("revision, Go version and tags are those of HEAD", async () => {
  git(root, "tag", "v1.0.0");
  git(root, "tag", "another");
  const one = subject();
  const facts = (await readGitFacts([one])).get(one);
  const head = git(root, "rev-parse", "HEAD");
  const date = git(root, "show", "-s", "--date=format-local:%Y%m%d%H%M%S", "--format=%cd");
  expect(facts).toMatchObject({ inGit: true, topLevel: root, revision: head, dirty: false });
  expect(facts?.goPackageVersion).toBe(`v0.0.0-${date}-${head.slice(0, 12)}`);
  expect(facts?.contentHash).toBeUndefined();
  expect(await readTagsAtHead(root)).toEqual(["another", "v1.0.0"]);
  expect(await readTagsAtHead(workspace.directory)).toEqual([]);
});

test("names that are not UTF-8 are read", async () => {
  execFileSync("sh", ["-c", String.raw`printf x > "$(printf 'pkg/\377')"`], { cwd: root });
  git(root, "config", "core.quotePath", "false");
  const one = subject();
  const before = (await readGitFacts([one])).get(one)?.contentHash;
  execFileSync("sh", ["-c", String.raw`printf y > "$(printf 'pkg/\377')"`], { cwd: root });
  expect(before).toBeDefined();
  expect((await readGitFacts([one])).get(one)?.contentHash).not.toBe(before);
});

test("an aborted signal ends the work with its own reason", async () => {
  const reason = new Error("enough");
  await expect(readGitFacts([subject()], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const facts = readGitFacts([subject()], { signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  await expect(facts).rejects.toBe(reason);
});

test("without git on PATH the error names it", async () => {
  const path = process.env.PATH;
  process.env.PATH = workspace.directory;
  try {
    await expect(readGitFacts([subject()])).rejects.toMatchObject({ code: "PLAN_GIT_FAILED" });
  } finally {
    process.env.PATH = path;
  }
});

test("a repository of another user is not taken for no repository", async () => {
  const config = join(workspace.directory, "config");
  writeFileSync(config, "");
  const before = { ...process.env };
  Object.assign(process.env, { GIT_TEST_ASSUME_DIFFERENT_OWNER: "1", GIT_CONFIG_GLOBAL: config });
  try {
    await expect(readGitFacts([subject()])).rejects.toMatchObject({ code: "PLAN_GIT_FAILED" });
  } finally {
    for (const name of ["GIT_TEST_ASSUME_DIFFERENT_OWNER", "GIT_CONFIG_GLOBAL"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
});
