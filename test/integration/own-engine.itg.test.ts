import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { engineDirectory } from "../../sdk/engine/lifecycle/engine-daemon.ts";
import { mountsBelow } from "../../sdk/engine/lifecycle/mounts.ts";
import {
  listOwnEngines,
  type OwnEngine,
  type OwnEngineOptions,
  startOwnEngine,
  stopOwnEngine,
} from "../../sdk/engine/lifecycle/own-engine.ts";
import { describeProcess } from "../../sdk/engine/lifecycle/process-record.ts";
import { testToolDirectories } from "../engines/test-cache.ts";
import { testTools } from "../engines/test-tools.ts";

let stateDirectory: string;

beforeEach(async () => {
  stateDirectory = await mkdtemp("/tmp/kitsmith-own-");
});
afterEach(async () => {
  await stopOwnEngine(stateDirectory);
  expect(await mountsBelow(stateDirectory)).toEqual([]);
  await rm(stateDirectory, { recursive: true, force: true });
});

/** PATH holds buildkitd and runc. */
function withBuildkitd(): OwnEngineOptions {
  const { binDirectories } = testTools();
  return { stateDirectory, env: { PATH: binDirectories.join(":") } };
}

/** Nothing is in PATH; the distribution's packages lie in the state directory, as if fetched before. */
async function withDistributionPackages(): Promise<OwnEngineOptions> {
  await mkdir(join(stateDirectory, "programs"), { recursive: true });
  await symlink(testToolDirectories().docker, join(stateDirectory, "programs/distribution-docker"));
  return { stateDirectory, env: { PATH: "" }, allowDistributionPackages: true };
}

/** A build whose one step is a command of busybox. */
async function makeContext(...command: string[]): Promise<string> {
  const context = join(stateDirectory, "context");
  await mkdir(context);
  const busybox = testTools().busybox[process.arch === "arm64" ? "arm64" : "amd64"];
  await writeFile(join(context, "busybox"), await readFile(busybox), { mode: 0o755 });
  const step = JSON.stringify(["/busybox", ...command]);
  await writeFile(join(context, "Dockerfile"), `FROM scratch\nCOPY busybox /\nRUN ${step}\n`);
  return context;
}

/** Starts a build with the engine's own client. */
async function startBuild({ kind, address }: OwnEngine, context: string): Promise<{ readonly failed: boolean }> {
  const { buildctl, buildx } = testTools();
  const locals = ["--local", `context=${context}`, "--local", `dockerfile=${context}`];
  return kind === "docker"
    ? await execa(buildx, ["build", "--network", "none", context], { reject: false, env: { DOCKER_HOST: address } })
    : await execa(buildctl, ["--addr", address, "build", "--frontend", "dockerfile.v0", ...locals], { reject: false });
}

async function runningCommands(): Promise<readonly string[]> {
  const { stdout } = await execa("ps", ["-eo", "args"]);
  return stdout.split("\n");
}

async function networkState(): Promise<readonly string[]> {
  const { stdout } = await execa("cat", ["/proc/net/dev", "/proc/sys/net/ipv4/ip_forward"]);
  return stdout.split("\n").map((line) => line.split(":")[0]?.trim() ?? "");
}

describe("an engine of kitsmith's own", () => {
  test("is buildkitd where PATH has it, and is used again", async () => {
    const engine = await startOwnEngine(withBuildkitd());
    expect(engine).toMatchObject({ id: "buildkit", kind: "buildkit", reused: false });
    const { stdout } = await execa(testTools().buildctl, ["--addr", engine.address, "debug", "workers"]);
    expect(stdout).toContain("linux/amd64");
    expect(await startOwnEngine(withBuildkitd())).toMatchObject({ pid: engine.pid, reused: true });
    expect(await listOwnEngines(stateDirectory)).toMatchObject([{ id: "buildkit", pid: engine.pid }]);
  });

  test("is started once by runs at the same time", async () => {
    const engines = await Promise.all([1, 2, 3].map(() => startOwnEngine(withBuildkitd())));
    expect(new Set(engines.map((engine) => engine.pid)).size).toBe(1);
    expect(engines.filter((engine) => engine.reused)).toHaveLength(2);
  });

  test("is another one where registries are reached in another way", async () => {
    const plain = await startOwnEngine(withBuildkitd());
    const mirrored = await startOwnEngine({ ...withBuildkitd(), mirrors: { "docker.io": ["127.0.0.1:1"] } });
    expect(mirrored.pid).not.toBe(plain.pid);
    const stopped = await stopOwnEngine(stateDirectory, { id: plain.id });
    expect(stopped).toEqual(["buildkit"]);
    expect(await listOwnEngines(stateDirectory)).toMatchObject([{ pid: mirrored.pid }]);
  });

  test("starts again after a crash, with its data", async () => {
    const first = await startOwnEngine(withBuildkitd());
    await writeFile(join(engineDirectory(first.directory).root, "kept"), "");
    process.kill(first.pid, "SIGKILL");
    await expect.poll(() => describeProcess(first.pid)).toBeUndefined();
    const second = await startOwnEngine(withBuildkitd());
    expect(second).toMatchObject({ address: first.address, reused: false });
    expect(second.pid).not.toBe(first.pid);
    expect(await readdir(engineDirectory(second.directory).root)).toContain("kept");
  });

  test("is the distribution's dockerd where that is allowed, and the machine stays as it is", async () => {
    const before = await networkState();
    const engine = await startOwnEngine(await withDistributionPackages());
    expect(engine).toMatchObject({ id: "docker", kind: "docker", networkModes: ["none", "host"] });
    expect(await networkState()).toEqual(before);
    const context = await makeContext("true");
    for (const network of engine.networkModes) {
      const flags = ["build", "--no-cache", "--network", network, "--allow", "network.host", context];
      const { exitCode } = await execa(testTools().buildx, flags, { env: { DOCKER_HOST: engine.address } });
      expect(exitCode).toBe(0);
    }
    expect(await stopOwnEngine(stateDirectory, { removeData: true })).toEqual(["docker"]);
    expect(await readdir(join(stateDirectory, "engines"))).toEqual([]);
  });

  test.each([
    ["buildkitd", () => Promise.resolve(withBuildkitd())],
    ["dockerd", withDistributionPackages],
  ])("takes the steps with it that it runs when it is stopped: %s", async (_, prepare) => {
    const engine = await startOwnEngine(await prepare());
    const command = ["sleep", String(100_000 + process.pid)];
    const build = startBuild(engine, await makeContext(...command));
    const line = `/busybox ${command.join(" ")}`;
    await expect.poll(runningCommands, { timeout: 60_000 }).toContain(line);
    await stopOwnEngine(stateDirectory);
    expect(await runningCommands()).not.toContain(line);
    expect((await build).failed).toBe(true);
  });

  test("is refused where nothing may be fetched", async () => {
    const release = { version: "v9.9.9", files: {} };
    await expect(startOwnEngine({ stateDirectory, env: { PATH: "" }, release })).rejects.toMatchObject({
      code: "ENGINE_DOWNLOAD_REFUSED",
    });
    expect(await listOwnEngines(stateDirectory)).toEqual([]);
  });

  test("that ends at once is an error with the end of its log", async () => {
    const bin = join(stateDirectory, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "runc"), "#!/bin/sh\n", { mode: 0o755 });
    await writeFile(join(bin, "buildkitd"), "#!/bin/sh\necho the disk is gone\nexit 3\n", { mode: 0o755 });
    await expect(startOwnEngine({ stateDirectory, env: { PATH: bin } })).rejects.toMatchObject({
      code: "ENGINE_START_FAILED",
      details: { log: ["the disk is gone"] },
    });
    expect(await listOwnEngines(stateDirectory)).toEqual([]);
  });

  test("that is not ready when the run is canceled leaves no process", async () => {
    const bin = join(stateDirectory, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "runc"), "#!/bin/sh\n", { mode: 0o755 });
    const started = join(stateDirectory, "started");
    await writeFile(join(bin, "buildkitd"), `#!/bin/sh\necho $$ > ${started}\nexec sleep 1000\n`, { mode: 0o755 });
    const controller = new AbortController();
    const starting = startOwnEngine({ stateDirectory, env: { PATH: bin }, signal: controller.signal });
    await expect.poll(() => readFile(started, "utf8").catch(() => ""), { timeout: 20_000 }).toMatch(/\d\n/);
    controller.abort("stop");
    await expect(starting).rejects.toBe("stop");
    const pid = Number((await readFile(started, "utf8")).trim());
    expect(() => process.kill(pid, 0)).toThrow();
  });
});
