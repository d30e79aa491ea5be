import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkPackageFiles } from "../../../sdk/loaders/package-files.ts";
import { createPackage } from "../../../sdk/pkg/create-package.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "kitsmith-loaders-"));
  mkdirSync(join(directory, "common"));
  writeFileSync(join(directory, "Dockerfile"), "FROM scratch\n");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const pkg = (init: object) => createPackage({ directory, image: "demo", ...init });

test("what is there passes", async () => {
  const extraSources = [{ source: "common", destination: "x" }];
  await expect(checkPackageFiles(pkg({ extraSources }))).resolves.toBeUndefined();
});

test.each([
  { dockerfile: "common" },
  { dockerfile: "Other" },
  { extraSources: [{ source: "nowhere", destination: "x" }] },
  { directory: "/nowhere/at/all" },
])("%j is missing", async (init) => {
  await expect(checkPackageFiles(pkg(init))).rejects.toMatchObject({ code: "INPUT_SOURCE_MISSING" });
});

test("a recipe needs no Dockerfile", async () => {
  const recipe = () => {
    throw new TypeError("not called here");
  };
  await expect(checkPackageFiles(pkg({ recipe, dockerfile: "Other" }))).resolves.toBeUndefined();
});
