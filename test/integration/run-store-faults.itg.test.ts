import { randomBytes } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { BuildError, pkg, RegistryError } from "kitsmith";
import { startRegistry } from "kitsmith/testing";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { startIsolatedBuildkitd } from "../engines/test-engine.ts";
import { testTools } from "../engines/test-tools.ts";
import { startBreakingProxy } from "./loopback-server.ts";
import { BOTH_ENGINES } from "./package-bench.ts";
import { useRunBench } from "./run-bench.ts";
import { cacheNames, eventsOf, failureOf, mountDisk, startedNodes, tagsOf } from "./run-fixture.ts";

const registry = inject("registryHost");
const HELLO = {
  "p/build.yml": "image: p\narches: [amd64, arm64]\n",
  "p/Dockerfile": "FROM scratch\nCOPY hello /\n",
  "p/hello": "hello\n",
};

const bench = useRunBench("store-faults");

afterEach(() => vi.unstubAllEnvs());

describe.each(["basic", "token"] as const)("a registry that wants to know who pushes (%s)", (kind) => {
  const auth = { kind, username: "user", password: "secret" };

  async function logIn(host: string, password: string | undefined): Promise<void> {
    const directory = join(bench.directory, "docker");
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
    await using guarded = await startRegistry({ directory: join(bench.directory, "registry"), auth });
    await logIn(guarded.address, password);
    const run = (await bench.open(HELLO, guarded.address)).push(bench.options());
    const error = await failureOf(run);
    expect(error).toMatchObject({
      code: "PLAN_CREDENTIALS_MISSING",
      details: { registry: guarded.address },
      cause: { code: "REGISTRY_UNAUTHORIZED" },
    });
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain("wrong");
    expect(await startedNodes(run)).toBe(0);
    await bench.expectNothingPublished();
  });

  test.each(BOTH_ENGINES)("takes what %s pushes for who is logged in", async (_name, engine) => {
    await using guarded = await startRegistry({ directory: join(bench.directory, "registry"), auth });
    await logIn(guarded.address, "secret");
    const pushed = await (await bench.open(HELLO, guarded.address)).engines(engine).push(bench.options());
    expect(pushed.images["linux/arm64"]).toMatchObject({ outcome: "built" });
  });
});

describe("a registry that cannot be reached", () => {
  const CLOSED = "127.0.0.1:1";

  test("stops a push before anything is built", async () => {
    const run = (await bench.open(HELLO, CLOSED)).push(bench.options());
    expect(await failureOf(run)).toMatchObject({
      code: "PLAN_REGISTRY_UNREACHABLE",
      cause: { code: "REGISTRY_UNREACHABLE" },
    });
    expect(await startedNodes(run)).toBe(0);
    await bench.expectNothingPublished();
  });

  test("does not stop a build, which says so", async () => {
    const run = (await bench.open(HELLO, CLOSED)).build(bench.options());
    const built = await run;
    expect(await cacheNames(bench.cacheDirectory)).toContain(built.reference);
    expect(await eventsOf(run)).toContainEqual(expect.objectContaining({ type: "notice", level: "warning" }));
  });

  test("for changes stops a push before anything is built", async () => {
    await using readOnly = await startRegistry({ directory: join(bench.directory, "registry"), readOnly: true });
    const run = (await bench.open(HELLO, readOnly.address)).push(bench.options());
    expect(await failureOf(run)).toMatchObject({ code: "PLAN_REGISTRY_UNREACHABLE" });
    expect(await startedNodes(run)).toBe(0);
    await bench.expectNothingPublished();
  });

  test.each(["engine", "client"] as const)("to the end of a push of the %s keeps its tags", async (sender) => {
    await using breaking = await startBreakingProxy(registry, 300_000);
    const package_ = await bench.open({ ...HELLO, "p/hello": randomBytes(1_000_000) }, breaking.host);
    if (sender === "client") await package_.build(bench.options());
    const error = await failureOf(package_.push(bench.options()));
    expect(error).toMatchObject({ code: "RUN_FAILED" });
    expect(error.cause).toBeInstanceOf(sender === "client" ? RegistryError : BuildError);
    expect(await tagsOf(registry, `${bench.org}/p`)).toEqual([]);
  });

  test("by the engine gets what was built from the client, which says so", async () => {
    await using isolated = await startIsolatedBuildkitd();
    const run = (await bench.open(HELLO)).engines(isolated.address).push(bench.options());
    const pushed = await run;
    expect(await eventsOf(run)).toContainEqual(expect.objectContaining({ type: "notice", level: "warning" }));
    for (const architecture of ["amd64", "arm64"]) {
      const target = `dir:${join(bench.directory, architecture)}`;
      const flags = ["--src-tls-verify=false", "--override-arch", architecture];
      await execa(testTools().skopeo, ["copy", ...flags, `docker://${pushed.reference}`, target]);
      const { stdout } = await execa(testTools().skopeo, ["inspect", target]);
      expect(JSON.parse(stdout)).toMatchObject({ Architecture: architecture });
    }
    // The same bytes as those that an engine pushes itself.
    const direct = await pkg(join(bench.repository.directory, "p"))
      .org(`${registry}/${bench.org}`)
      .engines(isolated.address)
      .build({ ...bench.options(), force: true });
    expect(direct.images["linux/amd64"]?.digest).toBe(pushed.images["linux/amd64"]?.digest);
  });
});

const large = () => ({ ...HELLO, "p/hello": randomBytes(4_000_000), "p/build.yml": "image: p\narches: [amd64]\n" });

describe("an export to a disk that is full", () => {
  test.each(["tar", "oci", "local"] as const)("fails and leaves no file that looks whole: %s", async (type) => {
    const directory = join(bench.directory, "disk");
    await using _disk = await mountDisk(directory, 2_000_000);
    const run = (await bench.open(large())).export({ ...bench.options(), type, dest: join(directory, "out") });
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "CONTENT_WRITE_FAILED" } });
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    expect(entries.filter((entry) => entry.isFile()).map((entry) => entry.name)).toEqual([]);
  });
});

describe("a cache", () => {
  const remount = async (flags: string) => await execa("mount", ["-o", `remount,${flags}`, bench.cacheDirectory]);

  test("whose disk is full stays valid, and takes the image when there is room", async () => {
    await using _mount = await mountDisk(bench.cacheDirectory, 2_000_000);
    const package_ = await bench.open(large());
    expect(await failureOf(package_.build(bench.options()))).toMatchObject({
      code: "RUN_FAILED",
      cause: { code: "CONTENT_WRITE_FAILED" },
    });
    await bench.expectNothingPublished();
    await remount("size=50000000");
    const built = await package_.build(bench.options());
    expect(await cacheNames(bench.cacheDirectory)).toContain(built.reference);
  });

  test("that is read-only from the start", async () => {
    await using _mount = await mountDisk(bench.cacheDirectory, 50_000_000);
    await remount("ro");
    const run = (await bench.open(large())).build(bench.options());
    expect(await failureOf(run)).toMatchObject({ code: "CONTENT_WRITE_FAILED" });
    expect(await startedNodes(run)).toBe(0);
    await remount("rw");
  });

  test("that became read-only still gives what it has, and takes nothing", async () => {
    await using _mount = await mountDisk(bench.cacheDirectory, 50_000_000);
    const package_ = await bench.open(large());
    const built = await package_.build(bench.options());
    await remount("ro");
    expect(await package_.build(bench.options())).toMatchObject({ digest: built.digest });
    const names = await cacheNames(bench.cacheDirectory);
    expect(await failureOf(package_.build({ ...bench.options(), force: true }))).toMatchObject({
      code: "RUN_FAILED",
      cause: { code: "CONTENT_WRITE_FAILED" },
    });
    expect(await cacheNames(bench.cacheDirectory)).toEqual(names);
    await remount("rw");
  });
});
