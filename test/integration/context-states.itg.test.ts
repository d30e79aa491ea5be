import { join } from "node:path";
import { llb, pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { describe, expect, inject, test } from "vitest";
import { publishBaseImage } from "./base-image.ts";
import { pushFrontendImage } from "./frontend-image.ts";
import { BOTH_ENGINES, usePackageBench } from "./package-bench.ts";
import { failureOf, shellPackage } from "./run-fixture.ts";

const registry = inject("registryHost");

describe.each(BOTH_ENGINES)("states as contexts on %s", (name, engine) => {
  let base: string;
  const bench = usePackageBench(`${registry}/states-${name}`, engine, async (cacheDirectory) => {
    base = await publishBaseImage(registry, engine, cacheDirectory);
    return {
      "based/build.yml": "image: based\narches: [amd64]\n",
      "based/Dockerfile":
        "FROM base\nCOPY --from=extra /text /copied\nRUN echo $WORD $(/bin/sh -c 'read x < /made; echo $x') > /out\n",
      "based/own": "own file\n",
      ...(await shellPackage("dependency", ["COPY word /word"])),
      "dependency/word": "word\n",
      "dependent/build.yml": "image: dependent\narches: [amd64]\n",
      "dependent/Dockerfile": "FROM base\nRUN read -r w < /made; echo $w > /out\n",
    };
  });
  const { open, options, read } = bench;

  const made = (word: string) => llb.image(base).env({ WORD: word }).run("echo made > /made");

  test("a Dockerfile starts from one, with its config, and copies from another", async () => {
    const based = open("based").contexts({
      base: made("inherited"),
      extra: ({ platform, context }) => llb.scratch().mkfile("/text", platform.architecture).copy(context("own"), "/"),
    });
    await using image = await openImage(based, "linux/amd64", options());
    expect(Buffer.from(await image.readFile("/out")).toString("utf8")).toBe("inherited made\n");
    expect(Buffer.from(await image.readFile("/copied")).toString("utf8")).toBe("amd64");
  });

  test("another state is another input, to its config", async () => {
    const extra = llb.scratch().mkfile("/text", "");
    const fixed = open("based").tag("fixed");
    await fixed.contexts({ base: made("one"), extra }).build(options());
    const again = await fixed.contexts({ base: made("one"), extra }).build(options());
    expect(again.images["linux/amd64"]?.outcome).toBe("cached");
    const other = fixed.contexts({ base: made("two"), extra });
    expect((await failureOf(other.build(options()))).code).toBe("PLAN_INPUTS_DIFFER");
    await other.build({ ...options(), force: true });
    expect(await read(other, "/out")).toBe("two made\n");
  });

  test("a state that builds on another package has it built first", async () => {
    const dependency = pkg(join(bench.repository.directory, "dependency")).org(bench.org);
    const dependent = open("dependent").contexts({
      base: llb.from(dependency).run("read -r w < /word; echo $w > /made"),
    });
    expect(await read(dependent, "/out")).toBe("word\n");
  });

  test("a step of a state that fails is told with its line in the script", async () => {
    const broken = open("dependent")
      .tag("broken")
      .contexts({ base: llb.image(base).run("exit 7") });
    const error = await failureOf(broken.build(options()));
    expect(error.cause).toMatchObject({
      code: "BUILD_STEP_FAILED",
      details: { exitCode: 7 },
      location: { file: expect.stringMatching(/context-states\.itg\.test\.ts$/) },
    });
  });

  test("a frontend in an image gets them by name", async () => {
    const frontend = await pushFrontendImage(registry, engine, options().cacheDirectory);
    const fluent = open("dependent")
      .tag("frontend")
      .frontend(frontend, { options: { message: "over it" } })
      .contexts({ base: llb.scratch().mkfile("/below", "below") });
    expect(await read(fluent, "/below")).toBe("below");
    expect(await read(fluent, "/message")).toBe("over it");
  });
});
