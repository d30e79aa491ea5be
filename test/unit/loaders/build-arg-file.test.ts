import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withBuildArgFiles } from "../../../sdk/loaders/build-arg-file.ts";
import { createPackage } from "../../../sdk/pkg/create-package.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "kitsmith-args-"));
  mkdirSync(join(root, "pkg"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}
const pkg = () => createPackage({ directory: join(root, "pkg"), image: "p", buildArgs: { A: "own", B: "own" } });

test("later files win, and blanks, empty lines and comments do not count", async () => {
  const files = [file("one", "# a comment = none\n\n  A = 1 \nC=x=y\r\n"), file("pkg/two", "C=2\n")];
  const { buildArgs } = await withBuildArgFiles(pkg(), files);
  expect(buildArgs).toMatchObject([
    { name: "B", value: "own", inTree: false },
    { name: "A", value: "1", inTree: false, location: { file: files[0], line: 3 } },
    { name: "C", value: "2", inTree: true },
  ]);
});

test("a line without = is named by its place, a file that is not there by its name", async () => {
  const bad = file("bad", "A=1\nnothing\n");
  await expect(withBuildArgFiles(pkg(), [bad])).rejects.toMatchObject({
    code: "INPUT_OPTION_INVALID",
    location: { file: bad, line: 2 },
  });
  await expect(withBuildArgFiles(pkg(), [join(root, "gone")])).rejects.toMatchObject({ code: "INPUT_SOURCE_MISSING" });
});

test("without files the package is the same", async () => {
  const own = pkg();
  expect(await withBuildArgFiles(own, [])).toBe(own);
});
