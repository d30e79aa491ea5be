import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { type FluentPackage, llb, pkg } from "kitsmith";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { pushFrontendImage } from "./frontend-image.ts";
import { BOTH_ENGINES } from "./package-bench.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { eventsOf, failureOf } from "./run-fixture.ts";

const registry = inject("registryHost");
const MAIN = fileURLToPath(new URL("../../sdk/cli/main.ts", import.meta.url));
const PROGRAM = ["--conditions=kitsmith-source", "--import", import.meta.resolve("tsx"), MAIN];

const WARNED = `# syntax is the engine's own
ARG VERSION=1.2
# base has the tools
FROM scratch AS base
# all of it
FROM base AS All
ARG VERSION
ARG CHANNEL=stable
COPY Dockerfile /
RUN --mount=type=secret,id=token,required=true --mount=type=ssh --mount=type=cache,target=/cache,id=c true
MAINTAINER nobody
`;

describe.each(BOTH_ENGINES)("the Dockerfile's frontend on %s", (name, engine) => {
  let cacheDirectory: string;
  let repository: PackageRepository;

  const open = (path: string): FluentPackage =>
    pkg(join(repository.directory, path)).org(`${registry}/lint-${name}`).engines(engine).platforms("linux/amd64");

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-lint-"));
    repository = await createRepository({
      "warned/build.yml": "image: warned\narches: [amd64, arm64]\n",
      "warned/Dockerfile": WARNED,
      "clean/build.yml": "image: clean\narches: [amd64]\n",
      "clean/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n",
      "old/build.yml": "image: old\narches: [amd64]\n",
      "old/Dockerfile": "FROM scratch\nCOPY Dockerfile /\nMAINTAINER nobody\n",
      "broken/build.yml": "image: broken\narches: [amd64]\n",
      "broken/Dockerfile": "FROM scratch\nCOPI . .\n",
    });
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

  test("lint tells rules and lines", async () => {
    const report = await open("warned").lint();
    expect(report.ok).toBe(false);
    expect(report.warnings.map(({ rule, source }) => [rule, source?.startLine])).toEqual([
      ["StageNameCasing", 6],
      ["MaintainerDeprecated", 11],
    ]);
    const file = join(repository.directory, "warned/Dockerfile");
    expect(report.warnings[1]?.source).toMatchObject({ file, text: expect.stringContaining("MAINTAINER nobody") });
    expect(await open("clean").lint()).toEqual({ ok: true, warnings: [] });
  });

  test("rules can be left out", async () => {
    const check = "skip=MaintainerDeprecated";
    const { warnings } = await open("warned").dockerfile({ check }).lint();
    expect(warnings.map(({ rule }) => rule)).toEqual(["StageNameCasing"]);
  });

  test("outline tells what can be given", async () => {
    const outline = await open("warned").outline();
    expect(outline).toMatchObject({ target: "all", description: "of it" });
    expect(outline.buildArgs.map(({ name: arg, value }) => [arg, value])).toEqual([
      ["VERSION", "1.2"],
      ["CHANNEL", "stable"],
    ]);
    expect(outline.secrets).toMatchObject([{ id: "token", required: true, source: { startLine: 10 } }]);
    expect(outline.ssh).toMatchObject([{ id: "default", required: false }]);
    expect((await open("warned").target("base").outline()).target).toBe("base");
  });

  test("targets tells the stages", async () => {
    expect(await open("warned").targets()).toMatchObject([
      { name: "base", base: "scratch", default: false, description: "has the tools", source: { startLine: 4 } },
      { name: "all", base: "base", default: true },
    ]);
  });

  test("a build tells the same warnings, and counts them", async () => {
    const run = open("old").build({ cacheDirectory });
    const { images } = await run;
    expect(images["linux/amd64"]?.warnings).toBe(1);
    const warnings = (await eventsOf(run)).filter((event) => event.type === "build.warning");
    expect(warnings).toMatchObject([
      {
        message: expect.stringContaining("MaintainerDeprecated"),
        source: { file: join(repository.directory, "old/Dockerfile"), startLine: 3, endLine: 3 },
      },
    ]);
  });

  test("the command line tells warnings, and ends with a status", async () => {
    const address = inject(name === "buildkitd" ? "buildkitAddress" : "dockerAddress");
    const env = name === "buildkitd" ? { BUILDKIT_HOST: address } : { DOCKER_HOST: address, BUILDKIT_HOST: "" };
    const lint = (...args: readonly string[]) =>
      execa("node", [...PROGRAM, "pkg", "lint", ...args], { env, reject: false });
    const warned = join(repository.directory, "old");
    const { stdout, exitCode } = await lint(warned);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("MaintainerDeprecated");
    expect(stdout).toContain(`at: ${warned}/Dockerfile:3`);
    expect((await lint(warned, "--skip", "MaintainerDeprecated")).exitCode).toBe(0);
    const { stdout: json } = await lint(warned, "--json");
    expect(JSON.parse(json)).toMatchObject({ ok: false, warnings: [{ rule: "MaintainerDeprecated" }] });
  });

  test("what is no Dockerfile is told", async () => {
    const { ok, error } = await open("broken").lint();
    expect({ ok, line: error?.source?.startLine }).toEqual({ ok: false, line: 2 });
    expect((await failureOf(open("broken").targets())).code).toBe("BUILD_FAILED");
    const directory = join(repository.directory, "clean");
    const recipe = pkg({ directory, image: "recipe", recipe: () => llb.scratch() });
    expect((await failureOf(recipe.lint())).code).toBe("PLAN_RECIPE_INVALID");
  });

  test("a frontend that cannot be asked says so", async () => {
    const frontend = await pushFrontendImage(registry, engine, cacheDirectory);
    const named = open("clean").frontend(frontend);
    expect((await failureOf(named.lint())).code).toBe("ENGINE_FEATURE_MISSING");
    const chosen = open("clean").dockerfile({ syntax: frontend });
    expect((await failureOf(chosen.targets())).code).toBe("ENGINE_FEATURE_MISSING");
  });
});
