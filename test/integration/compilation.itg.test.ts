import { join } from "node:path";
import { execa } from "execa";
import { engines, llb, pkg } from "kitsmith";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { testTools } from "../engines/test-tools.ts";
import { publishBaseImage } from "./base-image.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { createScratch, failureOf, type ScratchDirectory, shellPackage } from "./run-fixture.ts";

const registry = inject("registryHost");
const ENGINES = [
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
] as const;

const PLATFORM = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";

let repository: PackageRepository;
let scratch: ScratchDirectory;

const init = () => pkg(join(repository.directory, "init"));
const agent = (base: string) =>
  pkg({
    directory: join(repository.directory, "agent"),
    org: "acme",
    image: "agent",
    platforms: ["linux/amd64", "linux/arm64"],
    recipe: ({ platform, buildPlatform, context }) =>
      llb.image(base, { platform: buildPlatform }).copy(context("."), "/src").run(`echo for ${platform.architecture}`),
  });

beforeAll(async () => {
  scratch = await createScratch();
  repository = await createRepository({
    "agent/hello": "hello\n",
    "only/build.yml": `image: only\narches: [${PLATFORM.slice("linux/".length)}]\n`,
    "only/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n",
    ...(await shellPackage("init", ["RUN exit 7"], { arches: ["amd64", "arm64"] })),
  });
});
afterAll(async () => {
  await repository?.[Symbol.asyncDispose]();
  await scratch?.[Symbol.asyncDispose]();
});

test("the LLB of a recipe is made without an engine, for each platform", async () => {
  const definition = await agent("registry.example/base").toLLB("linux/arm64");
  expect(definition.toDot()).toContain('label="/bin/sh -c echo for arm64"');
  expect(definition.toMermaid()).toContain("docker-image://registry.example/base");
  const { source } = definition;
  expect(source?.files.map(({ filename }) => join(repository.directory, "agent", filename))).toEqual([
    import.meta.filename,
  ]);
});

test("that of a Dockerfile is not", async () => {
  expect(await failureOf(init().toLLB("linux/amd64"))).toMatchObject({ code: "PLAN_RECIPE_INVALID" });
});

describe.each(ENGINES)("on %s", (name, engine) => {
  test("a Dockerfile is read by the engine, and nothing of it runs", async () => {
    const definition = await init().toLLB("linux/arm64", { engine });
    expect(definition.toDot()).toContain("exit 7");
    const { stdout } = await execa(testTools().buildctl, ["debug", "dump-llb"], { input: definition.toBytes() });
    expect(stdout.split("\n")).toHaveLength(definition.ops.length);
    expect(stdout.split("\n").map((line): unknown => JSON.parse(line))).toEqual(definition.toJSON());
  });

  test("a recipe's base images are those that the engine resolves", async () => {
    const base = await publishBaseImage(`${registry}/compilation-${name}`, engine, scratch.directory);
    const definition = await agent(base).toLLB("linux/arm64", { engine });
    expect(definition.toDot()).toMatch(new RegExp(`docker-image://${base}@sha256:[0-9a-f]{64}`));
  });

  test("a Dockerfile that does not parse is told by its line", async () => {
    await repository.write("broken/Dockerfile", "FROM scratch\nNONSENSE\n");
    const broken = pkg(join(repository.directory, "broken")).hash({ hash: "x" });
    expect(await failureOf(broken.toLLB("linux/amd64", { engine }))).toMatchObject({
      code: "BUILD_FAILED",
      location: { file: join(repository.directory, "broken/Dockerfile"), line: 2 },
    });
  });
});

test("a Dockerfile that is not there is not looked for by an engine", async () => {
  await repository.write("empty/build.yml", "image: empty\n");
  const empty = pkg(join(repository.directory, "empty")).hash({ hash: "x" });
  expect(await failureOf(empty.toLLB("linux/amd64", { engine: "unix:///nowhere.sock" }))).toMatchObject({
    code: "INPUT_SOURCE_MISSING",
  });
});

test("an image that only docker has is found unless it must be pulled", async () => {
  const host = inject("dockerAddress");
  const [, engine] = ENGINES[1];
  const options = { cacheDirectory: scratch.directory, force: true };
  vi.stubEnv("DOCKER_HOST", host);
  const only = pkg(join(repository.directory, "only")).org(`${registry}/resolve-mode`).engines(engine);
  const { images } = await only.platforms(PLATFORM).load(options);
  vi.unstubAllEnvs();
  const { reference } = images[PLATFORM];
  const from = (resolveMode: "default" | "pull" | "local") =>
    pkg({
      directory: join(repository.directory, "agent"),
      org: "acme",
      image: "agent",
      platforms: [PLATFORM],
      recipe: () => llb.image(reference, { resolveMode }).mkdir("/made"),
    });
  for (const mode of ["default", "local"] as const) {
    const definition = await from(mode).toLLB(PLATFORM, { engine });
    expect(definition.toDot()).toContain(`${reference}@sha256:`);
  }
  expect(await failureOf(from("pull").toLLB(PLATFORM, { engine }))).toMatchObject({
    code: "BUILD_FAILED",
    details: { image: reference },
  });
});
