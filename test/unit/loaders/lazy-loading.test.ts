import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadPackage } from "../../../sdk/loaders/load-package.ts";

const loaded = vi.hoisted((): string[] => []);
vi.mock("yaml", async (original) => {
  loaded.push("yaml");
  return await original();
});
vi.mock("zod/mini", async (original) => {
  loaded.push("zod");
  return await original();
});

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "kitsmith-loaders-"));
  writeFileSync(join(directory, "Dockerfile"), "FROM scratch\n");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the YAML parser and zod are loaded for a build.yml only", async () => {
  await loadPackage(directory);
  expect(loaded).toEqual([]);
  writeFileSync(join(directory, "build.yml"), "image: demo\n");
  expect(await loadPackage(directory)).toMatchObject({ image: "demo" });
  expect(loaded.toSorted()).toEqual(["yaml", "zod"]);
});
