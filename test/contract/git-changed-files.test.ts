import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { filesChangedFromTree, filesChangedSince } from "../../sdk/git/changed-files.ts";
import { commit, createRepository, createWorkspace, git, type Workspace, write } from "./git-repository.ts";

let workspace: Workspace;
let root: string;
let directory: string;
const ID = /^100644 [0-9a-f]{40}$/;

beforeEach(() => {
  workspace = createWorkspace();
  root = createRepository(join(workspace.directory, "repository"), {
    "pkg/a name": "1",
    "pkg/sub/ünï": "2",
    "pkg/gone": "3",
    "pkg/script": "4",
    "other/file": "5",
    ".gitignore": "ignored\n",
  });
  directory = join(root, "pkg");
});
afterEach(() => workspace[Symbol.dispose]());

function changeAll(): void {
  write(root, { "pkg/a name": "other", "pkg/sub/ünï": "other", "other/file": "other" });
  rmSync(join(directory, "gone"));
  chmodSync(join(directory, "script"), 0o755);
}

test("files are told with what they are on both sides, committed or not", async () => {
  const before = git(root, "rev-parse", "HEAD").trim();
  const tree = git(root, "rev-parse", "HEAD:pkg").trim();
  changeAll();
  commit(root);
  write(root, { "pkg/new": "6", "pkg/ignored": "7", "pkg/sub/ünï": "again" });
  const ours = git(root, "rev-parse", "HEAD:pkg").trim();
  const expected = [
    { name: "a name", theirs: expect.stringMatching(ID), ours: expect.stringMatching(ID) },
    { name: "gone", theirs: expect.stringMatching(ID) },
    { name: "new", ours: "uncommitted" },
    { name: "script", theirs: expect.stringMatching(ID), ours: expect.stringMatching(/^100755 /) },
    { name: "sub/ünï", theirs: expect.stringMatching(ID), ours: "uncommitted" },
  ];
  expect(await filesChangedFromTree(directory, { theirs: tree, ours })).toEqual(expected);
  const since = await filesChangedSince([directory], { commit: before });
  expect(since?.map(({ name, theirs }) => [name, theirs])).toEqual(
    expected.map(({ name, theirs }) => [`pkg/${name}`, theirs]),
  );
  const committed = await filesChangedSince([directory], { commit: before, until: "HEAD" });
  expect(committed?.map(({ name }) => name)).toEqual(["pkg/a name", "pkg/gone", "pkg/script", "pkg/sub/ünï"]);
});

test("what the repository does not have is not compared", async () => {
  const absent = "1".repeat(40);
  const ours = git(root, "rev-parse", "HEAD:pkg").trim();
  expect(await filesChangedSince([directory], { commit: absent })).toBeUndefined();
  expect(await filesChangedFromTree(directory, { theirs: absent, ours })).toBeUndefined();
  expect(await filesChangedFromTree(directory, { theirs: ours, ours })).toEqual([]);
});
