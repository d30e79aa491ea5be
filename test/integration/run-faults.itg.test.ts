import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { BuildError, type EngineChoice, engines, type FluentPackage, pkg, pkgs, RegistryError } from "kitsmith";
import { startRegistry } from "kitsmith/testing";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { startBuildkitd, startIsolatedBuildkitd } from "../engines/test-engine.ts";
import { testTools } from "../engines/test-tools.ts";
import { startBreakingProxy } from "./loopback-server.ts";
import { createRepository, type FileContent, type PackageRepository } from "./package-repository.ts";
import {
  cacheNames,
  createScratch,
  eventOf,
  eventsOf,
  expectUnlocked,
  failureOf,
  type ScratchDirectory,
  shellPackage,
  startedNodes,
  tagsOf,
  unfinishedFiles,
} from "./run-fixture.ts";

const registry = inject("registryHost");
const buildkit = inject("buildkitAddress");
const ENGINES: readonly (readonly [string, EngineChoice])[] = [
  ["buildkitd", engines.buildkit(buildkit)],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
];
const HELLO = {
  "p/build.yml": "image: p\narches: [amd64, arm64]\n",
  "p/Dockerfile": "FROM scratch\nCOPY hello /\n",
  "p/hello": "hello\n",
};

let scratch: ScratchDirectory;
let cacheDirectory: string;
let repository: PackageRepository;
let org: string;
let count = 0;

beforeEach(async () => {
  scratch = await createScratch();
  cacheDirectory = join(scratch.directory, "cache");
  count += 1;
  org = `faults-${process.pid}-${count}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await repository?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const options = () => ({ cacheDirectory });

async function open(files: Readonly<Record<string, FileContent>>, host = registry): Promise<FluentPackage> {
  repository = await createRepository(files);
  return pkg(join(repository.directory, "p")).org(`${host}/${org}`).engines(buildkit);
}

/** No name was set anywhere, and nothing half-made was left. */
async function expectNothingPublished(): Promise<void> {
  expect(await tagsOf(registry, `${org}/p`)).toEqual([]);
  expect(await cacheNames(cacheDirectory)).toEqual([]);
  expect(await unfinishedFiles(cacheDirectory)).toEqual([]);
  await mkdir(cacheDirectory, { recursive: true });
  await expectUnlocked(cacheDirectory);
}

describe("an engine", () => {
  afterEach(expectNothingPublished);

  test("that does not answer", async () => {
    const address = `unix://${scratch.directory}/none.sock`;
    const run = (await open(HELLO)).engines(address).push(options());
    expect(await failureOf(run)).toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(await startedNodes(run)).toBe(0);
  });

  test("that accepts and says nothing", async () => {
    const path = join(scratch.directory, "mute.sock");
    const mute = createServer((socket) => socket.on("error", () => {}).resume());
    await new Promise<void>((resolve) => mute.listen(path, resolve));
    const run = (await open(HELLO)).engines(`unix://${path}`).push(options());
    expect(await failureOf(run)).toMatchObject({ code: "ENGINE_UNREACHABLE" });
    // What the run opened is closed, so that the server can end.
    await new Promise((resolve) => mute.close(resolve));
  });

  test("that is killed while a step runs", async () => {
    await using doomed = await startBuildkitd();
    const package_ = await open(await shellPackage("p", ['RUN ["/bin/sh", "-c", "echo up; sleep 600"]']));
    const run = package_.engines(doomed.address).push(options());
    await eventOf(run, (event) => event.type === "log" && event.text.includes("up"));
    doomed.kill();
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "ENGINE_LOST" } });
  });
});

describe.each(ENGINES)("a step that fails on %s", (_, engine) => {
  afterEach(expectNothingPublished);

  test("is told with its exit code, its last lines, its place, package and platform", async () => {
    const lines = ["# a comment", 'RUN ["/bin/sh", "-c", "echo before >&2; echo oops >&2; exit 7"]'];
    const run = (await open(await shellPackage("p", lines))).engines(engine).push(options());
    const error = await failureOf(run);
    const step = {
      code: "BUILD_STEP_FAILED",
      location: { file: join(repository.directory, "p/Dockerfile"), line: 4 },
      details: { exitCode: 7, logs: ["before", "oops"] },
    };
    expect(error).toMatchObject({
      code: "RUN_FAILED",
      cause: step,
      details: {
        failures: [{ package: `${registry}/${org}/p`, platform: "linux/amd64", outcome: "failed", error: step }],
      },
    });
    const events = await eventsOf(run);
    expect(events.at(-1)).toMatchObject({ type: "run.finished", ok: false, outcomes: { failed: 1, built: 0 } });
  });

  test("in a Dockerfile of 60 KB is told too", async () => {
    const filler = Array.from({ length: 760 }, () => `# ${"x".repeat(77)}`);
    const lines = [...filler, 'RUN ["/bin/sh", "-c", "echo tail; exit 9"]'];
    const run = (await open(await shellPackage("p", lines))).engines(engine).push(options());
    expect(await failureOf(run)).toMatchObject({
      code: "RUN_FAILED",
      cause: { code: "BUILD_STEP_FAILED", location: { line: 763 }, details: { exitCode: 9, logs: ["tail"] } },
    });
  });
});

describe("a platform that fails", () => {
  const ONE_FAILS = { ...HELLO, "p/Dockerfile": "FROM scratch\nARG TARGETARCH\nCOPY only-$TARGETARCH /\n" };

  test("keeps the tags of the others from moving; what exists is told by digest", async () => {
    await open({ ...ONE_FAILS, "p/only-amd64": "amd64\n" });
    const set = pkgs(join(repository.directory, "p")).org(`${registry}/${org}`).engines(buildkit);
    const result = await set.keepGoing().push(options());
    expect(result).toMatchObject({
      ok: false,
      packages: [],
      failed: [{ platform: "linux/arm64", outcome: "failed", error: { code: "BUILD_STEP_FAILED" } }],
      outcomes: [
        { platform: "linux/amd64", outcome: "built", digest: expect.stringMatching(/^sha256:/) },
        { platform: "linux/arm64", outcome: "failed" },
      ],
    });
    await expectNothingPublished();
    const digest = result.outcomes[0]?.digest;
    const accept = "application/vnd.oci.image.manifest.v1+json";
    const answer = await fetch(`http://${registry}/v2/${org}/p/manifests/${digest}`, { headers: { accept } });
    expect(answer.status).toBe(200);
  });

  test("stops the others, and the error has the outcome of each", async () => {
    const files = await shellPackage("p", ["ARG TARGETARCH", "COPY only-$TARGETARCH /"], {
      arches: ["amd64", "arm64"],
    });
    const package_ = await open({ ...files, "p/only-amd64": "amd64\n" });
    expect(await failureOf(package_.push(options()))).toMatchObject({
      code: "RUN_FAILED",
      cause: { code: "BUILD_STEP_FAILED" },
      details: {
        failures: [{ platform: "linux/arm64" }],
        outcomes: [{ platform: "linux/amd64" }, { platform: "linux/arm64", outcome: "failed" }],
      },
    });
    await expectNothingPublished();
  });

  test("leaves the tags of the version before as they are", async () => {
    const package_ = (await open(HELLO)).tag("stable");
    const { digest } = await package_.push(options());
    const tags = await tagsOf(registry, `${org}/p`);
    await repository.write("p/Dockerfile", ONE_FAILS["p/Dockerfile"]);
    await repository.write("p/only-amd64", "amd64\n");
    await repository.commit();
    expect(await failureOf(package_.push({ ...options(), force: true }))).toMatchObject({ code: "RUN_FAILED" });
    const { stdout } = await execa(testTools().crane, ["digest", "--insecure", `${registry}/${org}/p:stable`]);
    expect(stdout).toBe(digest);
    expect(await tagsOf(registry, `${org}/p`)).toEqual(tags);
  });
});

describe.each(["basic", "token"] as const)("a registry that wants to know who pushes (%s)", (kind) => {
  const auth = { kind, username: "user", password: "secret" };

  async function logIn(host: string, password: string | undefined): Promise<void> {
    const directory = join(scratch.directory, "docker");
    const entry = { auth: Buffer.from(`user:${password}`).toString("base64") };
    const auths = password === undefined ? {} : { [host]: entry };
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "config.json"), JSON.stringify({ auths }));
    vi.stubEnv("DOCKER_CONFIG", directory);
  }

  test.each([
    ["nobody", undefined],
    ["somebody with another password", "wrong"],
  ])("refuses %s before anything is built", async (_who, password) => {
    await using guarded = await startRegistry({ directory: join(scratch.directory, "registry"), auth });
    await logIn(guarded.address, password);
    const run = (await open(HELLO, guarded.address)).push(options());
    const error = await failureOf(run);
    expect(error).toMatchObject({
      code: "PLAN_CREDENTIALS_MISSING",
      details: { registry: guarded.address },
      cause: { code: "REGISTRY_UNAUTHORIZED" },
    });
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain("wrong");
    expect(await startedNodes(run)).toBe(0);
    await expectNothingPublished();
  });

  test.each(ENGINES)("takes what %s pushes for who is logged in", async (_name, engine) => {
    await using guarded = await startRegistry({ directory: join(scratch.directory, "registry"), auth });
    await logIn(guarded.address, "secret");
    const pushed = await (await open(HELLO, guarded.address)).engines(engine).push(options());
    expect(pushed.images["linux/arm64"]).toMatchObject({ outcome: "built" });
  });
});

describe("a registry that cannot be reached", () => {
  const CLOSED = "127.0.0.1:1";

  test("stops a push before anything is built", async () => {
    const run = (await open(HELLO, CLOSED)).push(options());
    expect(await failureOf(run)).toMatchObject({
      code: "PLAN_REGISTRY_UNREACHABLE",
      cause: { code: "REGISTRY_UNREACHABLE" },
    });
    expect(await startedNodes(run)).toBe(0);
    await expectNothingPublished();
  });

  test("does not stop a build, which says so", async () => {
    const run = (await open(HELLO, CLOSED)).build(options());
    const built = await run;
    expect(await cacheNames(cacheDirectory)).toContain(built.reference);
    expect(await eventsOf(run)).toContainEqual(expect.objectContaining({ type: "notice", level: "warning" }));
  });

  test("for changes stops a push before anything is built", async () => {
    await using readOnly = await startRegistry({ directory: join(scratch.directory, "registry"), readOnly: true });
    const run = (await open(HELLO, readOnly.address)).push(options());
    expect(await failureOf(run)).toMatchObject({ code: "PLAN_REGISTRY_UNREACHABLE" });
    expect(await startedNodes(run)).toBe(0);
    await expectNothingPublished();
  });

  test.each(["engine", "client"] as const)("to the end of a push of the %s keeps its tags", async (sender) => {
    await using breaking = await startBreakingProxy(registry, 300_000);
    const package_ = await open({ ...HELLO, "p/hello": randomBytes(1_000_000) }, breaking.host);
    if (sender === "client") await package_.build(options());
    const error = await failureOf(package_.push(options()));
    expect(error).toMatchObject({ code: "RUN_FAILED" });
    expect(error.cause).toBeInstanceOf(sender === "client" ? RegistryError : BuildError);
    expect(await tagsOf(registry, `${org}/p`)).toEqual([]);
  });

  test("by the engine gets what was built from the client, which says so", async () => {
    await using isolated = await startIsolatedBuildkitd();
    const run = (await open(HELLO)).engines(isolated.address).push(options());
    const pushed = await run;
    expect(await eventsOf(run)).toContainEqual(expect.objectContaining({ type: "notice", level: "warning" }));
    for (const architecture of ["amd64", "arm64"]) {
      const target = `dir:${join(scratch.directory, architecture)}`;
      const flags = ["--src-tls-verify=false", "--override-arch", architecture];
      await execa(testTools().skopeo, ["copy", ...flags, `docker://${pushed.reference}`, target]);
      const { stdout } = await execa(testTools().skopeo, ["inspect", target]);
      expect(JSON.parse(stdout)).toMatchObject({ Architecture: architecture });
    }
    // The same bytes as those that an engine pushes itself.
    const direct = await pkg(join(repository.directory, "p"))
      .org(`${registry}/${org}`)
      .engines(isolated.address)
      .build({ ...options(), force: true });
    expect(direct.images["linux/amd64"]?.digest).toBe(pushed.images["linux/amd64"]?.digest);
  });
});

/** A disk of its own. */
async function mountDisk(directory: string, sizeBytes: number): Promise<AsyncDisposable> {
  await mkdir(directory);
  await execa("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "none", directory]);
  return {
    [Symbol.asyncDispose]: async () => {
      await execa("umount", [directory]);
    },
  };
}

const large = () => ({ ...HELLO, "p/hello": randomBytes(4_000_000), "p/build.yml": "image: p\narches: [amd64]\n" });

describe("an export to a disk that is full", () => {
  test.each(["tar", "oci", "local"] as const)("fails and leaves no file that looks whole: %s", async (type) => {
    const directory = join(scratch.directory, "disk");
    await using _disk = await mountDisk(directory, 2_000_000);
    const run = (await open(large())).export({ ...options(), type, dest: join(directory, "out") });
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "CONTENT_WRITE_FAILED" } });
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    expect(entries.filter((entry) => entry.isFile()).map((entry) => entry.name)).toEqual([]);
  });
});

describe("a cache", () => {
  const remount = async (flags: string) => await execa("mount", ["-o", `remount,${flags}`, cacheDirectory]);

  test("whose disk is full stays valid, and takes the image when there is room", async () => {
    await using _mount = await mountDisk(cacheDirectory, 2_000_000);
    const package_ = await open(large());
    expect(await failureOf(package_.build(options()))).toMatchObject({
      code: "RUN_FAILED",
      cause: { code: "CONTENT_WRITE_FAILED" },
    });
    await expectNothingPublished();
    await remount("size=50000000");
    const built = await package_.build(options());
    expect(await cacheNames(cacheDirectory)).toContain(built.reference);
  });

  test("that is read-only from the start", async () => {
    await using _mount = await mountDisk(cacheDirectory, 50_000_000);
    await remount("ro");
    const run = (await open(large())).build(options());
    expect(await failureOf(run)).toMatchObject({ code: "CONTENT_WRITE_FAILED" });
    expect(await startedNodes(run)).toBe(0);
    await remount("rw");
  });

  test("that became read-only still gives what it has, and takes nothing", async () => {
    await using _mount = await mountDisk(cacheDirectory, 50_000_000);
    const package_ = await open(large());
    const built = await package_.build(options());
    await remount("ro");
    expect(await package_.build(options())).toMatchObject({ digest: built.digest });
    const names = await cacheNames(cacheDirectory);
    expect(await failureOf(package_.build({ ...options(), force: true }))).toMatchObject({
      code: "RUN_FAILED",
      cause: { code: "CONTENT_WRITE_FAILED" },
    });
    expect(await cacheNames(cacheDirectory)).toEqual(names);
    await remount("rw");
  });
});

describe("a tree that changes while it is built", () => {
  const SLOW = ["COPY hello /", 'RUN ["/bin/sh", "-c", "echo up; sleep 2"]'];

  test.each([
    ["a file with other content", () => repository.write("p/hello", "other\n")],
    ["a new file", () => repository.write("p/new", "new\n")],
    ["a new commit", () => repository.write("p/hello", "other\n").then(() => repository.commit())],
  ])("is not published: %s", async (_, change) => {
    const package_ = await open({ ...(await shellPackage("p", SLOW)), "p/hello": "hello\n" });
    const run = package_.noCache().push(options());
    await eventOf(run, (event) => event.type === "log" && event.text.includes("up"));
    await change();
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "PLAN_TREE_CHANGED" } });
    await expectNothingPublished();
  });

  test("does not keep a commit elsewhere in the repository from being made", async () => {
    const package_ = await open({ ...(await shellPackage("p", SLOW)), "p/hello": "hello\n" });
    const run = package_.noCache().push(options());
    await eventOf(run, (event) => event.type === "log" && event.text.includes("up"));
    await repository.write("q/other", "other\n");
    await repository.commit();
    await expect(run.result).resolves.toMatchObject({ tag: expect.any(String) });
    await rm(join(repository.directory, "q"), { recursive: true });
  });
});
