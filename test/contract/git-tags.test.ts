import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readGitFacts } from "../../sdk/git/facts.ts";
import { loadPackage } from "../../sdk/loaders/load-package.ts";
import {
  commit,
  createRepository,
  createWorkspace,
  git,
  referenceHash,
  tagsOf,
  type Workspace,
  write,
} from "./git-repository.ts";

const FILES = {
  "build.yml": "image: root\n",
  Dockerfile: "FROM scratch\n",
  ".gitignore": "*.o\n",
  "common/file": "common\n",
  "lib/file": "lib\n",
  "pkg/demo/build.yml": "image: demo\n",
  "pkg/demo/Dockerfile": "FROM scratch\nCOPY . /\n",
  "pkg/demo-two/build.yml": "image: demo-two\n",
  "pkg/demo-two/Dockerfile": "FROM scratch\n",
  "pkg/q/build.yml": "image: q\nextra-sources:\n- ../../common:common\n",
  "pkg/q/Dockerfile": "FROM scratch\n",
  "pkg/two/build.yml": "image: two\nextra-sources:\n- ../../common:common\n- ../../lib:/lib\n",
  "pkg/two/Dockerfile": "FROM scratch\n",
  "pkg/größe/build.yml": "image: umlaut\n",
  "pkg/größe/Dockerfile": "FROM scratch\n",
};

let workspace: Workspace;
let root: string;
const at = (name: string) => join(root, name);
const PACKAGES = ["pkg/demo", "pkg/demo-two", "pkg/größe"];

beforeEach(() => {
  workspace = createWorkspace();
  root = createRepository(join(workspace.directory, "repository"), FILES);
});
afterEach(() => workspace[Symbol.dispose]());

/** Every package without extra sources has the hash that git's own commands give; so have those with extra sources. */
async function expectReferenceTags(): Promise<string[]> {
  const directories = [...PACKAGES.map(at), root, at("pkg/q"), at("pkg/two")];
  const tags = await tagsOf(directories);
  expect(tags.map((tag) => tag.replace(/^.*:/, ""))).toEqual([
    ...PACKAGES.map((name) => referenceHash(at(name))),
    referenceHash(root),
    referenceHash(at("pkg/q"), [at("common")]),
    referenceHash(at("pkg/two"), [at("common"), at("lib")]),
  ]);
  return tags;
}

describe("vectors of the LinuxKit CLI", () => {
  test("clean packages", async () => {
    expect(await tagsOf([at("pkg/demo"), at("pkg/q"), at("pkg/two"), root])).toEqual([
      "linuxkit/demo:ee3213fefa6bd8b99d357ea9aed25e8f1ab186d9",
      "linuxkit/q:0c9938b23f7329bae03989f2c2c5f9e2797870d9",
      "linuxkit/two:6f67d1ce84d1e49efd7e35a31953fe042359df5b",
      "linuxkit/root:4332740143b2594b5d07bc8166ebc93ab20e5f12",
    ]);
  });

  test("a hash path above the package", async () => {
    expect(await tagsOf([at("pkg/demo")], { hashPath: root })).toEqual([
      "linuxkit/demo:4332740143b2594b5d07bc8166ebc93ab20e5f12",
    ]);
  });

  test("forced dirt on a clean tree", async () => {
    expect(await tagsOf([at("pkg/demo")], { forceDirty: true })).toEqual([
      "linuxkit/demo:ee3213fefa6bd8b99d357ea9aed25e8f1ab186d9-dirty-6491af4",
    ]);
  });

  test("a tracked change", async () => {
    write(root, { "pkg/demo/Dockerfile": "FROM scratch\nCOPY . /changed\n" });
    expect(await tagsOf([at("pkg/demo")])).toEqual([
      "linuxkit/demo:ee3213fefa6bd8b99d357ea9aed25e8f1ab186d9-dirty-f60420c",
    ]);
  });

  test("an untracked file is hashed last, wherever its name sorts", async () => {
    write(root, { "pkg/demo/0first": "new\n" });
    expect(await tagsOf([at("pkg/demo")])).toEqual([
      "linuxkit/demo:ee3213fefa6bd8b99d357ea9aed25e8f1ab186d9-dirty-672ada7",
    ]);
  });

  test("a tracked file that is deleted", async () => {
    rmSync(at("pkg/demo/Dockerfile"));
    expect(await tagsOf([at("pkg/demo")])).toEqual([
      "linuxkit/demo:ee3213fefa6bd8b99d357ea9aed25e8f1ab186d9-dirty-28524ab",
    ]);
  });

  test("an untracked file with a non-ASCII name makes dirty, but its content does not count", async () => {
    write(root, { "pkg/demo/näme": "content\n" });
    expect(await tagsOf([at("pkg/demo")])).toEqual([
      "linuxkit/demo:ee3213fefa6bd8b99d357ea9aed25e8f1ab186d9-dirty-6491af4",
    ]);
  });

  test("a change in an extra source does not make dirty", async () => {
    write(root, { "common/file": "changed\n", "common/new": "new\n" });
    expect(await tagsOf([at("pkg/q")])).toEqual(["linuxkit/q:0c9938b23f7329bae03989f2c2c5f9e2797870d9"]);
  });
});

describe("the same hash as git's own commands, one by one", () => {
  test("clean, and only touched", async () => {
    utimesSync(at("pkg/demo/Dockerfile"), 1, 1);
    expect((await expectReferenceTags()).join()).not.toContain("dirty");
  });

  test("changed, untracked, deleted, ignored and renamed files in several packages at once", async () => {
    write(root, {
      "pkg/demo/Dockerfile": "changed",
      "pkg/demo-two/a b": "1",
      "pkg/demo-two/ü": "2",
      "pkg/größe/x.o": "3",
    });
    git(root, "mv", "pkg/q/Dockerfile", "pkg/demo/moved");
    rmSync(at("pkg/two/Dockerfile"));
    const tags = await expectReferenceTags();
    expect(tags.map((tag) => tag.includes("-dirty-"))).toEqual([true, true, false, true, true, true]);
  });

  test("with core.quotePath off, non-ASCII names count", async () => {
    git(root, "config", "core.quotePath", "false");
    write(root, { "pkg/demo/ü": "2", "pkg/demo/tab\tname": "3" });
    await expectReferenceTags();
  });

  test("executable bit, symlinks, staged but restored content", async () => {
    chmodSync(at("pkg/demo/Dockerfile"), 0o755);
    symlinkSync("Dockerfile", at("pkg/demo-two/link"));
    write(root, { "pkg/größe/Dockerfile": "staged\n" });
    git(root, "add", "pkg/größe");
    write(root, { "pkg/größe/Dockerfile": "FROM scratch\n" });
    const tags = await expectReferenceTags();
    expect(tags.slice(0, 3).map((tag) => tag.includes("-dirty-"))).toEqual([true, true, false]);
  });

  test("a merge conflict", async () => {
    git(root, "checkout", "--quiet", "-b", "other");
    write(root, { "pkg/demo/file": "one\n" });
    commit(root);
    git(root, "checkout", "--quiet", "main");
    write(root, { "pkg/demo/file": "two\n" });
    commit(root);
    expect(() => git(root, "merge", "other")).toThrow();
    await expectReferenceTags();
  });

  test("a repository in a package, untracked", async () => {
    createRepository(at("pkg/demo/nested"), { file: "nested\n" });
    await expectReferenceTags();
  });

  test("an ignored package directory that is tracked all the same", async () => {
    write(root, { ".gitignore": "pkg/demo\n", "pkg/demo/untracked": "1\n" });
    commit(root);
    const [tag] = await expectReferenceTags();
    expect(tag).not.toContain("dirty");
  });

  test("settings that change what git prints", async () => {
    for (const setting of ["diff.renames=copies", "color.ui=always", "diff.noprefix=true", "diff.relative=true"]) {
      git(root, "config", ...(setting.split("=") as [string, string]));
    }
    git(root, "mv", "pkg/q/Dockerfile", "pkg/demo/moved");
    await expectReferenceTags();
  });
});

describe("where the work tree lies", () => {
  test("a linked work tree and a shallow clone", async () => {
    const clean = await expectReferenceTags();
    const [origin, linked, shallow] = [root, join(workspace.directory, "linked"), join(workspace.directory, "shallow")];
    git(origin, "worktree", "add", "--quiet", linked, "HEAD");
    git(workspace.directory, "clone", "--quiet", "--depth=1", `file://${origin}`, shallow);
    for (const place of [linked, shallow]) {
      root = place;
      expect(await expectReferenceTags()).toEqual(clean);
      write(root, { "pkg/demo/new": "new\n" });
      await expectReferenceTags();
    }
  });

  test("a submodule and its outer repository, in one go", async () => {
    const outer = createRepository(join(workspace.directory, "outer"), {
      "build.yml": "image: outer\n",
      Dockerfile: "FROM scratch\n",
    });
    git(outer, "submodule", "--quiet", "add", `file://${root}`, "sub");
    commit(outer);
    write(outer, { "sub/pkg/demo/Dockerfile": "changed\n" });
    const directories = [outer, join(outer, "sub"), join(outer, "sub/pkg/demo"), join(outer, "sub/pkg/demo-two")];
    const tags = await tagsOf(directories);
    expect(tags.map((tag) => tag.replace(/^.*:/, ""))).toEqual(
      directories.map((directory) => referenceHash(directory)),
    );
    expect(tags.map((tag) => tag.includes("-dirty-"))).toEqual([true, true, true, false]);
  });

  test("an extra source that is a submodule which is not checked out has its commit for hash", async () => {
    const inner = createRepository(join(workspace.directory, "inner"), { file: "inner\n" });
    git(root, "submodule", "--quiet", "add", `file://${inner}`, "vendor/inner");
    write(root, { "pkg/q/build.yml": "image: q\nextra-sources: [../../vendor/inner:inner]\n" });
    commit(root);
    git(root, "submodule", "--quiet", "deinit", "--force", "vendor/inner");
    const [tag] = await tagsOf([at("pkg/q")]);
    expect(tag).toBe(`linuxkit/q:${referenceHash(at("pkg/q"), [at("vendor/inner")])}`);
  });

  test("a repository that is reached through a symlink", async () => {
    const [direct] = await tagsOf([at("pkg/demo")]);
    symlinkSync(root, join(workspace.directory, "link"));
    expect(await tagsOf([join(workspace.directory, "link/pkg/demo")])).toEqual([direct]);
    expect(await tagsOf([join(workspace.directory, "link")])).toEqual(await tagsOf([root]));
  });

  test("several repositories in one go", async () => {
    const other = createRepository(join(workspace.directory, "other"), {
      "build.yml": "image: other\n",
      Dockerfile: "",
    });
    const outside = join(workspace.directory, "outside");
    write(outside, { "build.yml": "image: outside\n", Dockerfile: "" });
    const [demo, otherTag, outsideTag] = await tagsOf([at("pkg/demo"), other, outside]);
    expect(demo).toBe(`linuxkit/demo:${referenceHash(at("pkg/demo"))}`);
    expect(otherTag).toBe(`linuxkit/other:${referenceHash(other)}`);
    expect(outsideTag).toBe("linuxkit/outside:latest");
  });
});

describe("outside git and without commit", () => {
  test("outside git the tag is latest, and facts are empty", async () => {
    const outside = join(workspace.directory, "outside");
    write(outside, { "build.yml": "image: demo\ntag: v-{{.Hash}}\n", Dockerfile: "" });
    expect(await tagsOf([outside])).toEqual(["linuxkit/demo:v-"]);
    const pkg = await loadPackage(outside);
    const facts = await readGitFacts([pkg]);
    expect(facts.get(pkg)).toEqual({ inGit: false, extraTreeHashes: [], dirty: false });
  });

  test("a package that is not committed", async () => {
    write(root, { "pkg/new/build.yml": "image: new\n", "pkg/new/Dockerfile": "" });
    await expect(tagsOf([at("pkg/new")])).rejects.toMatchObject({ code: "PLAN_NOT_IN_GIT" });
    expect(await tagsOf([at("pkg/new")], { hash: "fixed" })).toEqual(["linuxkit/new:fixed"]);
  });

  test("a repository without commits", async () => {
    const empty = join(workspace.directory, "empty");
    write(empty, { "p/build.yml": "image: p\n", "p/Dockerfile": "" });
    git(empty, "init", "--quiet");
    await expect(tagsOf([join(empty, "p")])).rejects.toMatchObject({ code: "PLAN_NOT_IN_GIT" });
  });

  test("git's own directory is no place for a package", async () => {
    write(root, { ".git/p/build.yml": "image: p\n", ".git/p/Dockerfile": "" });
    await expect(tagsOf([at(".git/p")])).rejects.toMatchObject({ code: "PLAN_GIT_FAILED" });
  });

  test("an extra source outside git, with its place in build.yml", async () => {
    mkdirSync(join(workspace.directory, "outside"));
    write(root, { "pkg/q/build.yml": "image: q\nextra-sources:\n  - ../../../outside:x\n" });
    commit(root);
    await expect(tagsOf([at("pkg/q")])).rejects.toMatchObject({
      code: "INPUT_SOURCE_MISSING",
      location: { file: at("pkg/q/build.yml"), line: 3, column: 5 },
    });
  });

  test("an extra source that is not committed", async () => {
    write(root, { "new/file": "", "pkg/q/build.yml": "image: q\nextra-sources: [../../new:x]\n" });
    await expect(tagsOf([at("pkg/q")])).rejects.toMatchObject({ code: "INPUT_SOURCE_MISSING" });
  });
});

describe("hash options", () => {
  test("another commit is never dirty", async () => {
    const [before] = await tagsOf([at("pkg/demo")]);
    write(root, { "pkg/demo/Dockerfile": "FROM other\n" });
    commit(root);
    write(root, { "pkg/demo/Dockerfile": "dirty\n" });
    expect(await tagsOf([at("pkg/demo")], { hashCommit: "HEAD~1" })).toEqual([before]);
    const [forced] = await tagsOf([at("pkg/demo")], { hashCommit: "HEAD~1", forceDirty: true });
    expect(forced).toMatch(new RegExp(`^${before}-dirty-[0-9a-f]{7}$`));
    await expect(tagsOf([at("pkg/demo")], { hashCommit: "nowhere" })).rejects.toMatchObject({
      code: "PLAN_NOT_IN_GIT",
    });
  });

  test("a fixed hash is not mixed and has no suffix, but the dirt is known", async () => {
    write(root, { "pkg/two/new": "" });
    expect(await tagsOf([at("pkg/two")], { hash: "fixed", forceDirty: true })).toEqual(["linuxkit/two:fixed"]);
    const pkg = await loadPackage(at("pkg/two"), { hash: { hash: "fixed" } });
    expect((await readGitFacts([pkg])).get(pkg)?.dirty).toBe(true);
  });

  test("dev takes the user for organisation", async () => {
    const pkg = await loadPackage(at("pkg/demo"), { hash: { dev: true }, user: "someone" });
    expect(pkg.org).toBe("someone");
    expect(pkg.hash.hash).toBe("dev");
  });

  test("dirt in a hash path above counts, dirt beside it does not", async () => {
    write(root, { "pkg/demo-two/new": "" });
    const [above] = await tagsOf([at("pkg/demo")], { hashPath: at("pkg") });
    const [own] = await tagsOf([at("pkg/demo")]);
    expect(above).toContain("-dirty-");
    expect(own).not.toContain("-dirty-");
  });

  test("a hash path that is not above the package", async () => {
    await expect(tagsOf([at("pkg/demo")], { hashPath: at("pkg/q") })).rejects.toMatchObject({
      code: "INPUT_OPTION_INVALID",
    });
  });
});
