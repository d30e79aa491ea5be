import { openImage } from "kitsmith/testing";
import { describe, expect, inject, test } from "vitest";
import { pushFrontendImage } from "./frontend-image.ts";
import { BOTH_ENGINES, usePackageBench } from "./package-bench.ts";
import { failureOf } from "./run-fixture.ts";

const registry = inject("registryHost");

describe.each(BOTH_ENGINES)("a frontend in an image on %s", (name, engine) => {
  let frontend: string;
  const bench = usePackageBench(`${registry}/frontends-${name}`, engine, async (cacheDirectory) => {
    frontend = await pushFrontendImage(registry, engine, cacheDirectory);
    return {
      "made/build.yml": "image: made\narches: [amd64]\n",
      "made/text": "the file\n",
      "chosen/build.yml": "image: chosen\narches: [amd64]\n",
      "chosen/Dockerfile": `# syntax=${frontend}\nThis is no Dockerfile.\n`,
      "plain/build.yml": "image: plain\narches: [amd64]\n",
      "plain/Dockerfile": "This is no Dockerfile either.\n",
    };
  });
  const { open, options, read } = bench;

  test("gets its own options, the package's settings and its directory", async () => {
    const made = open("made")
      .buildArgs({ CHANNEL: "stable" })
      .labels({ team: "core" })
      .frontend(frontend, { options: { message: "hello", copy: "text" } });
    await using image = await openImage(made, "linux/amd64", options());
    expect(await image.readDirectory("/")).toEqual(["copied", "message", "options.json"]);
    expect(Buffer.from(await image.readFile("/message")).toString("utf8")).toBe("hello");
    expect(Buffer.from(await image.readFile("/copied")).toString("utf8")).toBe("the file\n");
    const given: unknown = JSON.parse(Buffer.from(await image.readFile("/options.json")).toString("utf8"));
    expect(given).toMatchObject({ "build-arg:CHANNEL": "stable", platform: "linux/amd64", message: "hello" });
  });

  test("other options are other inputs", async () => {
    const fixed = open("made").tag("fixed");
    await fixed.frontend(frontend, { options: { message: "one" } }).build(options());
    const other = fixed.frontend(frontend, { options: { message: "two" } });
    expect((await failureOf(other.build(options()))).code).toBe("PLAN_INPUTS_DIFFER");
    await other.build({ ...options(), force: true });
    expect(await read(other, "/message")).toBe("two");
  });

  test("what it says when it fails is told", async () => {
    const error = await failureOf(
      open("made")
        .tag("fails")
        .frontend(frontend, { options: { fail: "no reason" } })
        .build(options()),
    );
    expect(error.cause).toMatchObject({ code: "BUILD_FAILED", message: expect.stringContaining("no reason") });
  });

  test("is chosen by a Dockerfile's syntax line", async () => {
    expect(await read(open("chosen"), "/options.json")).toContain('"filename":"Dockerfile"');
  });

  test("or by the option syntax, over the line", async () => {
    const plain = open("plain").dockerfile({ syntax: frontend });
    expect(await read(plain, "/options.json")).toContain(`"cmdline":"${frontend}`);
  });
});
