import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { engines, type FluentPackage, llb, pkg, pkgs } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterEach, describe, expect, inject, test } from "vitest";
import { startCommand } from "./command-run.ts";
import { useRunBench } from "./run-bench.ts";
import { cacheNames, createScratch, failureOf, loggedText, shellPackage, startedNodes } from "./run-fixture.ts";

const registry = inject("registryHost");
const engine = inject("buildkitAddress");
/** Who asks it gets another error than the one that is expected. */
const NO_ENGINE = "unix:///tmp/kitsmith-there-is-no-such-engine.sock";
const FOREIGN = process.arch === "arm64" ? "amd64" : "arm64";
const FOREIGN_PLATFORM = `linux/${FOREIGN}`;
const BUILD_YML = "image: p\narches: [amd64]\n";
const HELLO = { "p/build.yml": BUILD_YML, "p/Dockerfile": "FROM scratch\nCOPY hello /\n", "p/hello": "hello\n" };

const bench = useRunBench("bad-input");

/** The test's package, for an engine that is not there. */
async function open(files: Parameters<typeof bench.open>[0]): Promise<FluentPackage> {
  return (await bench.open(files)).engines(NO_ENGINE);
}

describe("a package that cannot be loaded", () => {
  afterEach(() => bench.expectNothingPublished());

  test("a directory without build.yml and Dockerfile", async () => {
    const bad = await open({ "p/other": "" });
    const error = await failureOf(bad.build(bench.options()));
    expect(error).toMatchObject({
      code: "INPUT_PACKAGE_NOT_FOUND",
      details: { directory: join(bench.repository.directory, "p") },
    });
  });

  test("no directory", async () => {
    const bad = await open({ "q/Dockerfile": "FROM scratch\n" });
    expect(await failureOf(bad.push(bench.options()))).toMatchObject({ code: "INPUT_PACKAGE_NOT_FOUND" });
  });

  test("a glob that matches nothing", async () => {
    await bench.create({ "p/other": "" });
    const run = pkgs(`${bench.repository.directory}/q*`).build(bench.options());
    expect(await failureOf(run)).toMatchObject({ code: "INPUT_PACKAGE_NOT_FOUND" });
  });

  test("an unknown key, with the nearest that is known", async () => {
    const bad = await open({ ...HELLO, "p/build.yml": `${BUILD_YML}archs: [arm64]\n` });
    const error = await failureOf(bad.build(bench.options()));
    expect(error).toMatchObject({
      code: "INPUT_FIELD_UNKNOWN",
      location: { file: join(bench.repository.directory, "p/build.yml"), line: 3, column: 1 },
    });
    expect(error.hint).toContain("arches");
  });

  test("two mistakes in one file, each with its place", async () => {
    const bad = await open({ ...HELLO, "p/build.yml": "image: p\nnetwork: perhaps\narches: [amd64]\nimge: q\n" });
    const file = join(bench.repository.directory, "p/build.yml");
    expect(await failureOf(bad.build(bench.options()))).toMatchObject({
      details: {
        problems: [
          { code: "INPUT_YAML_INVALID", location: { file, line: 2, column: 10 } },
          { code: "INPUT_FIELD_UNKNOWN", location: { file, line: 4, column: 1 } },
        ],
      },
    });
  });

  test("mistakes in two packages of a set leave both unbuilt", async () => {
    await bench.create({ ...HELLO, "q/build.yml": "images: q\n", "q/Dockerfile": "FROM scratch\n" });
    const set = pkgs(`${bench.repository.directory}/*`).org(`${registry}/${bench.org}`).engines(NO_ENGINE);
    expect(await failureOf(set.push(bench.options()))).toMatchObject({
      location: { file: join(bench.repository.directory, "q/build.yml") },
    });
  });

  test.each([
    ["is not there", async () => "../gone"],
    ["is not committed", async () => "../new"],
    ["is outside of git", async () => await mkdtemp(join(bench.directory, "outside-"))],
  ])("an extra source that %s", async (_, place) => {
    const bad = await open({
      ...HELLO,
      "p/build.yml": `${BUILD_YML}extra-sources:\n  - ${await place()}:vendor\n`,
    });
    await bench.repository.write("new/file", "new\n");
    expect(await failureOf(bad.build(bench.options()))).toMatchObject({
      code: "INPUT_SOURCE_MISSING",
      location: { file: join(bench.repository.directory, "p/build.yml"), line: 4, column: 5 },
    });
  });

  test.each(["Not/Lower Case", "host.example/with space", "-"])("the organisation %j", async (bad) => {
    const package_ = (await open(HELLO)).org(bad);
    expect(await failureOf(package_.build(bench.options()))).toMatchObject({ code: "INPUT_REFERENCE_INVALID" });
  });

  test("a tag that no registry takes", async () => {
    const bad = (await open(HELLO)).tag("not:a:tag");
    expect(await failureOf(bad.build(bench.options()))).toMatchObject({ code: "INPUT_REFERENCE_INVALID" });
  });

  test("a tag template that does not parse", async () => {
    const bad = (await open(HELLO)).tag("{{.Hash");
    expect(await failureOf(bad.build(bench.options()))).toMatchObject({ code: "INPUT_TEMPLATE_INVALID" });
  });
});

describe("a build that is refused before it begins", () => {
  test("for want of the Dockerfile", async () => {
    const bad = (await open({ "p/build.yml": BUILD_YML })).engines(engine);
    const run = bad.build(bench.options());
    expect(await failureOf(run)).toMatchObject({
      code: "INPUT_SOURCE_MISSING",
      location: { file: join(bench.repository.directory, "p/build.yml") },
      details: { path: join(bench.repository.directory, "p/Dockerfile") },
    });
    expect(await startedNodes(run)).toBe(0);
    await bench.expectNothingPublished();
  });

  test("for a platform that the package does not build", async () => {
    const bad = (await open(HELLO)).platforms("linux/amd64", "linux/s390x");
    expect(await failureOf(bad.push(bench.options()))).toMatchObject({
      code: "PLAN_PLATFORM_UNSUPPORTED",
      location: { file: join(bench.repository.directory, "p/build.yml") },
      details: { platform: "linux/s390x" },
    });
    await bench.expectNothingPublished();
  });

  test("for a platform that is none", async () => {
    const bad = (await open(HELLO)).platforms("linux");
    expect(await failureOf(bad.push(bench.options()))).toMatchObject({ code: "INPUT_PLATFORM_INVALID" });
    await bench.expectNothingPublished();
  });

  test.each([
    ["A=@lkt:nothing:../q", "an unknown kind of source"],
    ["A=@lkt:pkgs:../none*", "a pattern that matches nothing"],
    ["A=@lkt:pkgs:../*", "a name without %"],
  ])("for a build arg of %s: %s", async (arg) => {
    const bad = await open({ ...HELLO, "p/build.yml": `${BUILD_YML}buildArgs:\n  - "${arg}"\n` });
    const run = bad.build(bench.options());
    expect(await failureOf(run)).toMatchObject({
      code: "PLAN_BUILD_ARG_UNKNOWN",
      location: { file: join(bench.repository.directory, "p/build.yml"), line: 4 },
    });
    expect(await startedNodes(run)).toBe(0);
    await bench.expectNothingPublished();
  });

  test("for a build arg of a package that is not there", async () => {
    const bad = await open({ ...HELLO, "p/build.yml": `${BUILD_YML}buildArgs: ["A=@lkt:pkg:../gone"]\n` });
    expect(await failureOf(bad.build(bench.options()))).toMatchObject({ code: "INPUT_PACKAGE_NOT_FOUND" });
    await bench.expectNothingPublished();
  });

  test("as a push of what is not committed", async () => {
    const bad = await open(HELLO);
    await bench.repository.write("p/hello", "changed\n");
    expect(await failureOf(bad.push(bench.options()))).toMatchObject({
      code: "PLAN_TREE_DIRTY",
      details: { packages: [`${registry}/${bench.org}/p`] },
    });
    await bench.expectNothingPublished();
  });

  test("as other inputs than those of the image in the cache, under the same tag", async () => {
    const one = (await open(HELLO)).engines(engine).buildArgs({ CHANNEL: "one" });
    const built = await one.build(bench.options());
    const names = await cacheNames(bench.cacheDirectory);
    const error = await failureOf(one.buildArgs({ CHANNEL: "two" }).build(bench.options()));
    expect(error).toMatchObject({
      code: "PLAN_INPUTS_DIFFER",
      details: { digest: built.images["linux/amd64"]?.digest },
    });
    expect(await cacheNames(bench.cacheDirectory)).toEqual(names);
  });

  test("as other inputs than those of the image in the registry, under the same tag", async () => {
    const one = (await open(HELLO)).engines(engine).buildArgs({ CHANNEL: "one" });
    const pushed = await one.push(bench.options());
    const digestOf = async () => {
      const accept = "application/vnd.oci.image.index.v1+json";
      const url = `http://${registry}/v2/${bench.org}/p/manifests/${pushed.tag}`;
      return (await fetch(url, { method: "HEAD", headers: { accept } })).headers.get("docker-content-digest");
    };
    expect(await digestOf()).toBe(pushed.digest);
    await using elsewhere = await createScratch();
    const two = one.buildArgs({ CHANNEL: "two" }).push({ cacheDirectory: elsewhere.directory });
    expect(await failureOf(two)).toMatchObject({ code: "PLAN_INPUTS_DIFFER" });
    expect(await digestOf()).toBe(pushed.digest);
  });
});

describe("emulation that nobody asked for", () => {
  const never = engines({ default: engine });

  test("is refused for a step that the Dockerfile names", async () => {
    const files = await shellPackage("p", ['RUN ["/bin/sh", "-c", "echo ran"]'], { arches: [FOREIGN] });
    const run = (await open(files)).engines(never).push(bench.options());
    expect(await failureOf(run)).toMatchObject({
      code: "PLAN_EMULATION_REFUSED",
      details: { platform: FOREIGN_PLATFORM, engine },
    });
    expect(await startedNodes(run)).toBe(0);
    await bench.expectNothingPublished();
  });

  test("is refused for a recipe's step before it runs", async () => {
    await bench.create(await shellPackage("p", []));
    const recipe = pkg({
      directory: join(bench.repository.directory, "p"),
      image: "p",
      platforms: [FOREIGN_PLATFORM],
      recipe: ({ context }) =>
        llb.scratch().copy(context().path("/busybox"), "/bin/sh").run(["/bin/sh", "-c", "echo ran"]),
    });
    const run = recipe.org(`${registry}/${bench.org}`).engines(never).push(bench.options());
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "PLAN_EMULATION_REFUSED" } });
    expect(await loggedText(run)).toBe("");
    await bench.expectNothingPublished();
  });

  test("is refused for a step that a base image brings along", async () => {
    const base = await shellPackage("base", ['ONBUILD RUN ["/bin/sh", "-c", "echo ran"]'], { arches: [FOREIGN] });
    await bench.create(base);
    const { reference } = await pkg(join(bench.repository.directory, "base"))
      .org(`${registry}/${bench.org}`)
      .engines(never)
      .push(bench.options());
    await bench.repository.write("p/build.yml", `image: p\narches: [${FOREIGN}]\n`);
    await bench.repository.write("p/Dockerfile", `FROM ${reference}\n`);
    await bench.repository.commit();
    const run = pkg(join(bench.repository.directory, "p"))
      .org(`${registry}/${bench.org}`)
      .engines(never)
      .push(bench.options());
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "PLAN_EMULATION_REFUSED" } });
    expect(await loggedText(run)).toBe("");
    await bench.expectNothingPublished();
  });
});

describe("a command line", () => {
  async function run(...args: readonly string[]) {
    const own = ["--sbom-scanner=false", "--cache", bench.cacheDirectory];
    await using command = startCommand(["pkg", "build", ...args, ...own]);
    return await command.ended;
  }

  test.each([
    ["an unknown flag", ["--platfroms", "linux/amd64"], "INPUT_OPTION_INVALID"],
    ["an engine for no platform", ["--builders", "linux/amd64"], "INPUT_OPTION_INVALID"],
    ["a package that is not there", ["/there/is/no/such/package"], "INPUT_PACKAGE_NOT_FOUND"],
  ])("with %s ends with 1 and says why", async (_, args, code) => {
    await open(HELLO);
    const { status, stderr } = await run(...args, join(bench.repository.directory, "p"));
    expect(status).toBe(1);
    expect(stderr).toContain(code);
    expect(await cacheNames(bench.cacheDirectory)).toEqual([]);
  });

  test("that goes on after a failure tells it at the end", async () => {
    await open({
      ...HELLO,
      "q/build.yml": "image: q\narches: [amd64]\n",
      "q/Dockerfile": "FROM scratch\nCOPY gone /\n",
    });
    const directories = ["p", "q"].map((name) => join(bench.repository.directory, name));
    const builders = ["--builders", `default=${engine}`];
    const { status, stderr } = await run(
      "--keep-going",
      "--org",
      `${registry}/${bench.org}`,
      ...builders,
      ...directories,
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/RUN_FAILED.*q linux\/amd64/);
    expect(await cacheNames(bench.cacheDirectory)).toHaveLength(2);
  });
});

describe("names with commas", () => {
  test("of files that a Dockerfile copies arrive whole", async () => {
    const files = { "p/build.yml": BUILD_YML, "p/Dockerfile": 'FROM scratch\nCOPY ["a,b", "c,*", "/"]\n' };
    const package_ = (await open({ ...files, "p/a,b": "one", "p/c,d": "two", "p/a": "not", "p/b": "not" })).engines(
      engine,
    );
    expect(await namesIn(package_)).toEqual(["a,b", "c,d"]);
  });

  test("of patterns of a recipe arrive whole", async () => {
    await bench.create({ "p/a,b": "one", "p/c,d": "two", "p/a": "not", "p/b": "not" });
    const package_ = pkg({
      directory: join(bench.repository.directory, "p"),
      image: "p",
      org: bench.org,
      platforms: ["linux/amd64"],
      recipe: ({ context }) => llb.scratch().copy(context(".", { include: ["a,b", "c,*"] }), "/"),
    }).engines(engine);
    expect(await namesIn(package_)).toEqual(["a,b", "c,d"]);
  });
});

async function namesIn(built: FluentPackage): Promise<readonly string[]> {
  await using image = await openImage(built, "linux/amd64", bench.options());
  return await image.readDirectory("/");
}
