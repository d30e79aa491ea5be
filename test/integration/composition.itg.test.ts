import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineChoice, engines, type FluentPackage, llb, type PackageInit, pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { publishBaseImage } from "./base-image.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { eventsOf, failureOf, shellPackage } from "./run-fixture.ts";

const registry = inject("registryHost");

/** Both ways into BuildKit. */
const ENGINES: readonly (readonly [string, EngineChoice])[] = [
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
];

describe.each(ENGINES)("recipes made of other things on %s", (name, engine) => {
  const org = `${registry}/composed-${name}`;
  let cacheDirectory: string;
  let base: string;
  let repository: PackageRepository;

  const options = () => ({ cacheDirectory });
  const dependency = (): FluentPackage => pkg(join(repository.directory, "dependency")).org(org);
  const code = (image: string, recipe: NonNullable<PackageInit["recipe"]>): FluentPackage =>
    pkg({
      directory: join(repository.directory, "code"),
      org,
      image,
      platforms: ["linux/amd64"],
      recipe,
    }).engines(engine);

  async function read(fluent: FluentPackage, path: string): Promise<string> {
    await using image = await openImage(fluent, "linux/amd64", options());
    return Buffer.from(await image.readFile(path)).toString("utf8");
  }

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-composition-"));
    base = await publishBaseImage(registry, engine, cacheDirectory);
    repository = await createRepository({
      "code/own": "own\n",
      "code/tools/Dockerfile": [
        "ARG BASE",
        "FROM $BASE AS first",
        "COPY text /text",
        'RUN read -r w < /text; echo "$w and built" > /built',
        "ENV FROM_DOCKERFILE=yes",
        "FROM extra AS second",
        'RUN echo "$INHERITED" > /inherited',
        "FROM first AS broken",
        "RUN exit 7",
        "",
      ].join("\n"),
      "code/tools/text": "text\n",
      "code/tools/ignored": "ignored\n",
      ...(await shellPackage("dependency", ["COPY word /word", "ENV WORD=/word"])),
      "dependency/word": "word\n",
      ...(await shellPackage("broken", ["RUN exit 4"])),
    });
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

  test("a package is built first, and its files and config are what the recipe starts from", async () => {
    const composed = code("composed", () =>
      llb
        .from(dependency())
        .run('read -r w < "$WORD"; echo "$w and more" > /more')
        .run(["/bin/sh", "-c", "true"]),
    );
    const run = composed.build(options());
    await run;
    const finished = (await eventsOf(run)).flatMap((event) =>
      event.type === "node.finished" ? [[event.node.package, event.outcome]] : [],
    );
    expect(finished).toEqual([
      [`${org}/dependency`, "built"],
      [`${org}/composed`, "built"],
    ]);
    expect(await read(composed, "/more")).toBe("word and more\n");
    expect((await composed.build(options())).images["linux/amd64"]?.outcome).toBe("cached");
    await using opened = await composed.noCache().open("linux/amd64", { ...options(), force: true });
    expect((await opened.exec(["/bin/sh", "-c", "echo $WORD"])).stdout).toBe("/word\n");
  });

  test("a Dockerfile is a part of the build, with its config", async () => {
    const composed = code("dockerfile", ({ context }) => {
      const built = llb.dockerfile("tools", { target: "first", buildArgs: { BASE: base } });
      const ofState = llb.dockerfile(context("tools"), {
        target: "second",
        buildArgs: { BASE: base },
        contexts: { extra: llb.image(base).env("INHERITED", "from the recipe") },
      });
      return built.run('echo "$FROM_DOCKERFILE" > /env').copy(ofState.path("/inherited"), "/inherited");
    });
    expect(await read(composed, "/built")).toBe("text and built\n");
    expect(await read(composed, "/env")).toBe("yes\n");
    expect(await read(composed, "/inherited")).toBe("from the recipe\n");
  });

  test("a step of the Dockerfile that fails is shown with the Dockerfile's line", async () => {
    const composed = code("broken", () => llb.dockerfile("tools", { target: "broken", buildArgs: { BASE: base } }));
    const { cause } = await failureOf(composed.build(options()));
    expect(cause).toMatchObject({
      code: "BUILD_STEP_FAILED",
      location: { file: join(repository.directory, "code/tools/Dockerfile"), line: 9 },
    });
  });
});
