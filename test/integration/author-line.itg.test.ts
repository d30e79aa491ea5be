import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { engines, type KitsmithError, llb, pkg, type Recipe } from "kitsmith";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { isKitsmithError } from "../../sdk/core/errors.ts";
import { formatError } from "../../sdk/progress/error-text.ts";
import { testTools } from "../engines/test-tools.ts";
import { publishBaseImage } from "./base-image.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { createScratch, failureOf, type ScratchDirectory, shellPackage } from "./run-fixture.ts";

const ENGINES = [
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
] as const;
const CHECKOUT = join(import.meta.dirname, "../..");
const CONDITION = "--conditions=kitsmith-source";
const LOADER = [CONDITION, "--import", import.meta.resolve("tsx")];
const PATIENCE_MS = 120_000;
const PLATFORM = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";

/** The number of the line of a file that has a text. */
async function lineOf(file: string, text: string): Promise<number> {
  return (await readFile(file, "utf8")).split("\n").findIndex((line) => line.includes(text)) + 1;
}

describe.each(ENGINES)("a failing step on %s", (_, engine) => {
  let repository: PackageRepository;
  let cache: ScratchDirectory;

  const directory = () => join(repository.directory, "agent");
  const scriptArguments = () => [directory(), JSON.stringify(engine), cache.directory];
  /** A project of its own, in which kitsmith is installed. */
  const createProject = async (name: string): Promise<string> => {
    const project = join(cache.directory, name);
    await mkdir(join(project, "node_modules"), { recursive: true });
    await symlink(CHECKOUT, join(project, "node_modules/kitsmith")).catch(() => undefined);
    await writeFile(join(project, "package.json"), '{ "type": "module", "dependencies": { "kitsmith": "*" } }');
    return project;
  };
  const options = () => ({ cacheDirectory: cache.directory });
  const stepFailure = async (run: PromiseLike<unknown>): Promise<KitsmithError> => {
    const { cause } = await failureOf(run);
    if (isKitsmithError(cause)) return cause;
    throw new Error("no step failed", { cause });
  };
  const recipeFailure = async (recipe: Recipe): Promise<KitsmithError> => {
    const agent = pkg({ directory: directory(), org: "acme", image: "agent", platforms: [PLATFORM], recipe });
    return await stepFailure(agent.engines(engine).build(options()));
  };

  beforeAll(async () => {
    const { busybox } = testTools();
    const shell = await readFile(process.arch === "arm64" ? busybox.arm64 : busybox.amd64);
    cache = await createScratch();
    repository = await createRepository({
      "agent/sh": { content: shell, mode: 0o755 },
      ...(await shellPackage("init", ["# why it is so", "RUN true", "RUN echo oops \\", "  && exit 7", "RUN never"], {
        arches: [PLATFORM.slice("linux/".length)],
      })),
    });
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    await cache?.[Symbol.asyncDispose]();
  });

  test("of a recipe is told by the line of the recipe, with the lines around it", async () => {
    const error = await recipeFailure(({ context }) => {
      const shell = llb.scratch().copy(context("."), "/bin");
      return shell.run("true").run("echo oops; exit 7", { name: "the step that fails" });
    });
    const line = await lineOf(import.meta.filename, "the step that fails");
    expect(error).toMatchObject({
      code: "BUILD_STEP_FAILED",
      location: { file: import.meta.filename, line },
      details: { exitCode: 7, source: { file: import.meta.filename, startLine: line, endLine: line } },
    });
    const text = formatError(error);
    expect(text).toContain(`at: ${import.meta.filename}:${line}\n`);
    expect(text).toMatch(new RegExp(`\n +${line - 1} \\| +const shell = .*\n +> ${line} \\| +return shell`));
  });

  test("that never ran, for want of its base image, is told by the line that names the image", async () => {
    const missing = `${inject("registryHost")}/there/is-none:v1`;
    const error = await recipeFailure(() => llb.image(missing).run("true"));
    expect(error).toMatchObject({
      code: "BUILD_FAILED",
      location: { file: import.meta.filename, line: await lineOf(import.meta.filename, "llb.image(missing)") },
      details: { image: missing },
    });
  });

  test.each([
    ["a script in TypeScript", "failing-recipe.ts"],
    ["a script in JavaScript", "failing-recipe.mjs"],
  ])("of %s is told by the line as it was written", async (_kind, script) => {
    const file = join(import.meta.dirname, "scripts", script);
    const { stdout } = await execa(process.execPath, [...LOADER, file, ...scriptArguments()]);
    const line = await lineOf(file, "exit 7");
    expect(JSON.parse(stdout)).toMatchObject({
      code: "BUILD_STEP_FAILED",
      location: { file, line },
      source: { file, startLine: line, text: expect.stringContaining("exit 7") },
    });
  });

  test.each([
    ["Deno", testTools().deno, ["run", "--allow-all", CONDITION]],
    // Its HTTP/2 is not to be relied on where files are sent, so that its step begins with an image.
    ["Bun", testTools().bun, ["run", CONDITION]],
  ])("of a script that %s runs is told by the line as it was written", async (name, program, args) => {
    const project = await createProject(`project-${name}`);
    const file = join(project, "recipe.ts");
    await writeFile(file, await readFile(join(import.meta.dirname, "scripts/failing-recipe.ts"), "utf8"));
    const base = name === "Bun" ? [await publishBaseImage(inject("registryHost"), engine, cache.directory)] : [];
    const { stdout } = await execa(program, [...args, file, ...scriptArguments(), ...base], {
      cwd: project,
      timeout: PATIENCE_MS,
    });
    const line = await lineOf(file, "exit 7");
    expect(JSON.parse(stdout)).toMatchObject({
      code: "BUILD_STEP_FAILED",
      location: { file, line },
      source: { file, startLine: line, text: expect.stringContaining("exit 7") },
    });
  });

  test("of a script that tsup built is told by the line as it was written, by its source map", async () => {
    const project = await createProject("project-tsup");
    const file = join(project, "recipe.ts");
    await writeFile(file, await readFile(join(import.meta.dirname, "scripts/failing-recipe.ts"), "utf8"));
    await build({
      ...{ entry: [file], outDir: join(project, "dist"), format: "esm", sourcemap: true, minify: true },
      ...{ config: false, silent: true, external: ["kitsmith"] },
    });
    const built = join(project, "dist/recipe.js");
    const { stdout } = await execa(process.execPath, ["--enable-source-maps", ...LOADER, built, ...scriptArguments()], {
      timeout: PATIENCE_MS,
    });
    const line = await lineOf(file, "exit 7");
    expect(JSON.parse(stdout)).toMatchObject({
      code: "BUILD_STEP_FAILED",
      location: { file, line },
      source: { file, startLine: line, text: expect.stringContaining("exit 7") },
    });
  });

  test.each([
    ["that just goes along whole", 24_000],
    ["of which only some lines go along", 200_000],
  ])("of a long script %s is told by its line", async (_kind, sizeBytes) => {
    const file = join(await createProject("project"), "recipe.mjs");
    const script = await readFile(join(import.meta.dirname, "scripts/failing-recipe.mjs"), "utf8");
    const filler = `// ${"é".repeat(40)}\n`;
    const count = Math.floor((sizeBytes - script.length) / Buffer.byteLength(filler));
    await writeFile(file, filler.repeat(count) + script);
    const { stdout } = await execa(process.execPath, [...LOADER, file, ...scriptArguments()]);
    const line = await lineOf(file, "exit 7");
    expect(line).toBeGreaterThan(count);
    const text = script.split("\n").slice(line - count - 4, line - count + 3);
    expect(JSON.parse(stdout)).toMatchObject({
      code: "BUILD_STEP_FAILED",
      location: { file, line },
      source: { file, startLine: line, text: text.join("\n"), textLine: line - 3 },
    });
  });

  test("of a Dockerfile is told by its lines and where the file is", async () => {
    const error = await stepFailure(pkg(join(repository.directory, "init")).engines(engine).build(options()));
    const file = join(repository.directory, "init/Dockerfile");
    expect(error).toMatchObject({
      location: { file, line: 5 },
      details: { source: { file, startLine: 5, endLine: 6 } },
    });
    expect(formatError(error)).toContain(
      [
        `  at: ${file}:5`,
        "      3 | # why it is so",
        "      4 | RUN true",
        "    > 5 | RUN echo oops \\",
        "    > 6 |   && exit 7",
        "      7 | RUN never",
      ].join("\n"),
    );
  });
});

test.each([
  ["Node with tsx", process.execPath, LOADER],
  ["Deno", testTools().deno, ["run", "--allow-all", CONDITION]],
  ["Bun", testTools().bun, ["run", CONDITION]],
])("steps of a script that %s runs have the lines as they were written", async (_, program, args) => {
  await using scratch = await createScratch();
  await mkdir(join(scratch.directory, "node_modules"));
  await symlink(CHECKOUT, join(scratch.directory, "node_modules/kitsmith"));
  await writeFile(join(scratch.directory, "package.json"), '{ "type": "module", "dependencies": { "kitsmith": "*" } }');
  const file = join(scratch.directory, "source-lines.ts");
  await writeFile(file, await readFile(join(import.meta.dirname, "scripts/source-lines.ts"), "utf8"));
  const { stdout } = await execa(program, [...args, file], { cwd: scratch.directory, timeout: PATIENCE_MS });
  const lines = [await lineOf(file, '.copy(context(".")'), await lineOf(file, "exit 7")];
  const places: readonly (readonly [string, number])[] = JSON.parse(stdout);
  expect(new Set(places.map(([name]) => name))).toEqual(new Set(["source-lines.ts"]));
  expect([...new Set(places.map(([, line]) => line))].sort()).toEqual(expect.arrayContaining(lines));
});
