import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type EngineChoice, engines, llb, pkg, type Recipe, type Run } from "kitsmith";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { startGraphdriverDockerd } from "../engines/test-engine.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { createScratch, eventsOf, failureOf, type ScratchDirectory } from "./run-fixture.ts";

const MIB = 1024 * 1024;
const PLATFORM = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";

let repository: PackageRepository;
let scratch: ScratchDirectory;

beforeAll(async () => {
  scratch = await createScratch();
  repository = await createRepository({ "agent/hello": "hello\n" });
});
afterAll(async () => {
  await repository?.[Symbol.asyncDispose]();
  await scratch?.[Symbol.asyncDispose]();
});

/** Builds the recipe into a directory: every engine can do that. */
function build(recipe: Recipe, engine: EngineChoice): Run<unknown> {
  const directory = join(repository.directory, "agent");
  const agent = pkg({ directory, org: "acme", image: "agent", platforms: [PLATFORM], recipe });
  const dest = join(scratch.directory, "root");
  return agent.engines(engine).export({ type: "local", dest, cacheDirectory: join(scratch.directory, "cache") });
}

const merged: Recipe = () => {
  const [one, two] = ["one", "two"].map((name) => llb.scratch().mkfile(`/${name}`, name));
  return llb.merge([one ?? llb.scratch(), two ?? llb.scratch()]);
};

/** How many steps an engine began during a run. */
async function stepsOf(run: Run<unknown>): Promise<number> {
  return (await eventsOf(run)).filter(({ type }) => type === "vertex").length;
}

test("an engine that cannot merge is told before anything runs, with the line that merges", async () => {
  await using daemon = await startGraphdriverDockerd();
  const run = build(merged, engines.docker({ host: daemon.address }));
  const { cause } = await failureOf(run);
  const lines = (await readFile(import.meta.filename, "utf8")).split("\n");
  expect(cause).toMatchObject({
    code: "LLB_CAP_MISSING",
    location: { file: import.meta.filename, line: lines.findIndex((line) => line.includes("return llb.merge")) + 1 },
    details: { op: "merge", missing: ["mergeop"], engine: expect.stringContaining(daemon.address) },
  });
  expect(await stepsOf(run)).toBe(0);
  await build(() => llb.scratch().mkfile("/one", "one"), engines.docker({ host: daemon.address }));
  expect(await readFile(join(scratch.directory, `root/${PLATFORM.replace("/", "_")}/one`), "utf8")).toBe("one");
});

describe.each([
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
])("%s", (_, engine) => {
  test("merges", async () => {
    const run = build(merged, engine);
    await run;
    expect(await stepsOf(run)).toBeGreaterThan(0);
    expect(await readFile(join(scratch.directory, `root/${PLATFORM.replace("/", "_")}/two`), "utf8")).toBe("two");
  });

  test("takes a definition that fits a message, and is not sent one that does not", async () => {
    const run = (sizeBytes: number) => build(() => llb.scratch().mkfile("/large", Buffer.alloc(sizeBytes)), engine);
    await run(15 * MIB);
    const { cause } = await failureOf(run(16 * MIB));
    expect(cause).toMatchObject({
      code: "LLB_TOO_LARGE",
      details: { sizeBytes: expect.any(Number), maximumBytes: expect.any(Number) },
    });
    expect(cause).toHaveProperty(
      ["details", "sizeBytes"],
      expect.toSatisfy((size: number) => size > 16 * MIB),
    );
  });
});
