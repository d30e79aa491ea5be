import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FluentPackage, llb, type PackageInit, pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { publishBaseImage } from "./base-image.ts";
import { pushFrontendImage } from "./frontend-image.ts";
import { BOTH_ENGINES } from "./package-bench.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { createScratch, eventsOf, failureOf, shellPackage } from "./run-fixture.ts";

const registry = inject("registryHost");

describe.each(BOTH_ENGINES)("recipes made of other things on %s", (name, engine) => {
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
      "code/wrong/Dockerfile": "FROM scratch\nCOPPY a b\n",
      "code/wrong/right/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n",
      "published/build.yml": "image: published\narches: [amd64, arm64]\n",
      "published/Dockerfile": "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /arch\n",
      "published/amd64": "amd64\n",
      "published/arm64": "arm64\n",
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
      llb.from(dependency()).run('read -r w < "$WORD"; echo "$w and more" > /more').run(["/bin/sh", "-c", "true"]),
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

  test("a Dockerfile that its frontend refuses is told with its line, one in a state with the recipe's", async () => {
    const refused = async (recipe: NonNullable<PackageInit["recipe"]>) =>
      (await failureOf(code("refused", recipe).build(options()))).cause;
    expect(await refused(() => llb.dockerfile("wrong"))).toMatchObject({
      code: "BUILD_FAILED",
      location: { file: join(repository.directory, "code/wrong/Dockerfile"), line: 2 },
    });
    expect(await refused(({ context }) => llb.dockerfile(context("wrong")))).toMatchObject({
      code: "BUILD_FAILED",
      location: { file: import.meta.filename },
    });
  });

  test("an image is a frontend, with states as inputs and a directory", async () => {
    const reference = await pushFrontendImage(registry, engine, cacheDirectory);
    const composed = code("frontend", () =>
      llb.frontend(reference, {
        options: { message: "for the recipe", copy: "text" },
        inputs: { base: llb.from(dependency()) },
        directory: "tools",
      }),
    );
    expect(await read(composed, "/message")).toBe("for the recipe");
    expect(await read(composed, "/word")).toBe("word\n");
    expect(await read(composed, "/copied")).toBe("text\n");
    const failing = code("fails", () => llb.frontend(reference, { options: { fail: "now" } }));
    expect((await failureOf(failing.build(options()))).cause).toMatchObject({
      code: "BUILD_FAILED",
      location: { file: import.meta.filename },
      details: { frontend: reference },
    });
  });

  test("a package that is published is fetched, and another platform's is used where it is named", async () => {
    const published = pkg(join(repository.directory, "published")).org(org).engines(engine);
    await published.push(options());
    await using scratch = await createScratch();
    const composed = code("fetched", () =>
      llb.scratch().copy(llb.from(published, { platform: "linux/arm64" }), "/all"),
    );
    const run = composed.build({ cacheDirectory: scratch.directory });
    await run;
    const finished = (await eventsOf(run)).flatMap((event) =>
      event.type === "node.finished" ? [[event.node.package, event.node.platform, event.outcome]] : [],
    );
    expect(finished).toEqual([
      [`${org}/published`, "linux/arm64", "pulled"],
      [`${org}/fetched`, "linux/amd64", "built"],
    ]);
    expect(await read(composed, "/all/arch")).toBe("arm64\n");
  });

  test("what fails in a package that is used is told as it is; a circle is refused before anything is built", async () => {
    const broken = pkg(join(repository.directory, "broken"));
    const error = await failureOf(code("uses-broken", () => llb.from(broken)).build(options()));
    expect(error.cause).toMatchObject({ code: "BUILD_STEP_FAILED", details: { exitCode: 4 } });
    const self: FluentPackage = code("self", () => llb.from(self));
    expect((await failureOf(self.build(options()))).code).toBe("PLAN_CYCLE");
  });

  test("a package that changed is another input", async () => {
    const composed = code("changed", () => llb.from(dependency()).run("true")).tag("fixed");
    await composed.build(options());
    await repository.write("dependency/word", "sentence\n");
    await repository.commit();
    expect((await failureOf(composed.build(options()))).code).toBe("PLAN_INPUTS_DIFFER");
    await composed.build({ ...options(), force: true });
    expect(await read(composed, "/word")).toBe("sentence\n");
  });

  test("the graph can be looked at without anything being built", async () => {
    const composed = code("shown", () => llb.from(dependency()).copy(llb.dockerfile("tools").path("/text"), "/"));
    const offline = JSON.stringify((await composed.toLLB("linux/amd64")).toJSON());
    expect(offline).toContain(`docker-image://${await dependency().tag()}`);
    expect(offline).toContain("frontend://dockerfile.v0");
    const resolved = code("shown", () => llb.from(dependency()).copy(llb.dockerfile("wrong/right"), "/"));
    const online = JSON.stringify((await resolved.toLLB("linux/amd64", { engine })).toJSON());
    expect(online).not.toContain("frontend://");
  });
});
