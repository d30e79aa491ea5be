import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expandPackageGlob } from "../../../sdk/loaders/package-glob.ts";

let directory: string;
beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "kitsmith-glob-")));
  for (const name of ["pkg/a", "pkg/ab", "pkg/b", "pkg/.hidden/c", "pkg/[x]", "pkg/b-1", "other/a"]) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  writeFileSync(join(directory, "pkg/file"), "");
  symlinkSync("a", join(directory, "pkg/link"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const expand = async (pattern: string) =>
  (await expandPackageGlob(join(directory, "/") + pattern)).map((path) => relative(directory, path));

test.each([
  ["pkg/*", ["pkg/[x]", "pkg/a", "pkg/ab", "pkg/b", "pkg/b-1", "pkg/link"]],
  ["pkg/a", ["pkg/a"]],
  ["pkg/a/", ["pkg/a"]],
  ["pkg/?", ["pkg/a", "pkg/b"]],
  ["pkg/[ab]*", ["pkg/a", "pkg/ab", "pkg/b", "pkg/b-1"]],
  ["pkg/[^a]", ["pkg/b"]],
  ["pkg/[a-a]", ["pkg/a"]],
  ["*/a", ["other/a", "pkg/a"]],
  ["pkg/*/c", ["pkg/.hidden/c"]],
  [String.raw`pkg/\[x\]`, ["pkg/[x]"]],
  [String.raw`pkg/\[*`, ["pkg/[x]"]],
  ["pkg/{b,a}", ["pkg/a", "pkg/b"]],
  ["{pkg,other}/{a,a{b,}}", ["other/a", "pkg/a", "pkg/ab"]],
])("%s", async (pattern, expected) => {
  expect(await expand(pattern)).toEqual(expected);
});

test.each(["pkg/.h*", "pkg/nothing", "pkg/fil*", "pkg/**/c/d", "nowhere/*"])("%s matches nothing", async (pattern) => {
  await expect(expand(pattern)).rejects.toMatchObject({ code: "INPUT_PACKAGE_NOT_FOUND" });
});

test.each(["pkg/[", "pkg/[a", "pkg/*[]", "pkg/[z-a]"])("%s is no pattern", async (pattern) => {
  await expect(expand(pattern)).rejects.toMatchObject({ code: "INPUT_OPTION_INVALID" });
});
