import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineChoice, engines, type FluentPackage, pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { pushFrontendImage } from "./frontend-image.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { failureOf } from "./run-fixture.ts";

const registry = inject("registryHost");

/** Both ways into BuildKit. */
const ENGINES: readonly (readonly [string, EngineChoice])[] = [
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
];

describe.each(ENGINES)("a frontend in an image on %s", (name, engine) => {
  const org = `${registry}/frontends-${name}`;
  let cacheDirectory: string;
  let frontend: string;
  let repository: PackageRepository;

  const options = () => ({ cacheDirectory });
  const open = (path: string): FluentPackage =>
    pkg(join(repository.directory, path)).org(org).engines(engine).platforms("linux/amd64");

  async function read(fluent: FluentPackage, path: string): Promise<string> {
    await using image = await openImage(fluent, "linux/amd64", options());
    return Buffer.from(await image.readFile(path)).toString("utf8");
  }

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-frontends-"));
    frontend = await pushFrontendImage(registry, engine, cacheDirectory);
    repository = await createRepository({
      "made/build.yml": "image: made\narches: [amd64]\n",
      "made/text": "the file\n",
      "chosen/build.yml": "image: chosen\narches: [amd64]\n",
      "chosen/Dockerfile": `# syntax=${frontend}\nThis is no Dockerfile.\n`,
      "plain/build.yml": "image: plain\narches: [amd64]\n",
      "plain/Dockerfile": "This is no Dockerfile either.\n",
    });
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

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
