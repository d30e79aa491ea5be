import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineChoice, engines, type FluentPackage } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { pages } from "../../../examples/recipes/cached-stages.ts";
import { withDockerfile, withRecipe } from "../../../examples/recipes/dockerfile-as-recipe.ts";
import { tools } from "../../../examples/recipes/merged-tools.ts";
import { licensed } from "../../../examples/recipes/secret-token.ts";
import { publishBaseImage } from "../base-image.ts";
import { failureOf, loggedText } from "../run-fixture.ts";

const registry = inject("registryHost");

/** Both ways into BuildKit. */
const ENGINES: readonly (readonly [string, EngineChoice])[] = [
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
];

describe.each(ENGINES)("example recipes on %s", (_name, engine) => {
  let cacheDirectory: string;
  let base: string;

  // The tags of a checkout that is being worked on would change with every file.
  const prepared = (example: FluentPackage): FluentPackage =>
    example.buildArgs({ BASE: base }).engines(engine).platforms("linux/amd64").hash({ hash: "example" });
  const build = (example: FluentPackage) => example.build({ cacheDirectory, force: true });
  const open = (example: FluentPackage) => openImage(prepared(example), "linux/amd64", { cacheDirectory });

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-recipes-"));
    base = await publishBaseImage(registry, engine, cacheDirectory);
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

  test("cached-stages: only pages are in the image, and none is made twice", async () => {
    await build(prepared(pages));
    const again = build(prepared(pages).buildArgs({ RELEASE: "2" }));
    await again;
    expect(await loggedText(again)).toBe("kept about\nkept index\n");
    await using image = await open(pages.buildArgs({ RELEASE: "2" }));
    expect(await image.readDirectory("/")).toEqual(["srv"]);
    expect(Buffer.from(await image.readFile("/srv/index.html")).toString()).toBe(
      "<h1>Welcome</h1>\nThis page was made by a recipe.\n",
    );
  });

  test("merged-tools: all tools are there, and the base", async () => {
    await build(prepared(tools));
    await using image = await open(tools);
    expect(await image.readDirectory("/opt")).toEqual(["bye", "hello"]);
    expect(Buffer.from(await image.readFile("/opt/bye")).toString()).toBe('#!/bin/sh\necho "bye, $1"\n');
    expect(await image.readDirectory("/bin")).toEqual(["sh"]);
  });

  test("dockerfile-as-recipe: both give the same files and the same config", async () => {
    await Promise.all([withDockerfile, withRecipe].map((example) => build(prepared(example))));
    await using first = await open(withDockerfile);
    await using second = await open(withRecipe);
    for (const image of [first, second]) {
      expect(Buffer.from(await image.readFile("/etc/motd")).toString()).toBe("hello, world\n");
    }
    const { env, command, entrypoint, workingDirectory, user } = second.config.config;
    expect(first.config.config).toMatchObject({ env, command, entrypoint, workingDirectory, user });
    expect(env).toContain("MOTD=/etc/motd");
  });

  test("secret-token: the step has it, the log and the image do not", async () => {
    expect((await failureOf(build(prepared(licensed)))).code).toBe("INPUT_SECRET_MISSING");
    vi.stubEnv("CI_TOKEN", "a-token-of-the-tests");
    const run = build(prepared(licensed).noCache());
    await run;
    expect(await loggedText(run)).toBe("asking with ***\n");
    await using image = await open(licensed);
    const hash = createHash("sha256").update("a-token-of-the-tests").digest("hex");
    expect(Buffer.from(await image.readFile("/etc/license")).toString()).toContain(hash);
  });
});
