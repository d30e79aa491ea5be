import { randomBytes } from "node:crypto";
import { readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { type EngineChoice, engines } from "kitsmith";
import { beforeEach, describe, expect, inject, test } from "vitest";
import { openCache } from "../../sdk/oci/layout/cache.ts";
import { lockFile } from "../../sdk/oci/layout/file-lock.ts";
import { type CommandRun, startCommand } from "./command-run.ts";
import { startMuteServer, startSlowProxy } from "./loopback-server.ts";
import { activeBuilds, commandLines, connectionsTo, openFilesBelow, processesOfSession } from "./machine-state.ts";
import { useRunBench } from "./run-bench.ts";
import {
  cacheNames,
  eventOf,
  expectUnlocked,
  rejectionOf,
  shellPackage,
  tagsOf,
  unfinishedFiles,
} from "./run-fixture.ts";

const registry = inject("registryHost");
const buildkit = inject("buildkitAddress");
const docker = inject("dockerAddress");
const ENGINES: readonly (readonly ["buildkit" | "docker", string, EngineChoice])[] = [
  ["buildkit", buildkit, engines.buildkit(buildkit)],
  ["docker", docker, engines.docker({ host: docker })],
];
const BUILD_YML = "image: p\narches: [amd64]\n";
const HELLO = { "p/build.yml": BUILD_YML, "p/Dockerfile": "FROM scratch\nCOPY hello /\n", "p/hello": "hello\n" };
/** The blob is not in git, which would take long to store it. */
const BLOB = { "p/build.yml": BUILD_YML, "p/Dockerfile": "FROM scratch\nCOPY blob /\n", ".gitignore": "blob\n" };
/** Much more than an interrupted command needs, on a machine that is busy. */
const PATIENCE = { timeout: 30_000, interval: 50 };

const bench = useRunBench("interruption");

const connections = async () => await Promise.all([buildkit, docker].map(connectionsTo));

beforeEach(async () => {
  // There is a cache with something in it already, so that there is something to spoil.
  await (await openCache(bench.cacheDirectory)).writeBlob(Buffer.from("kept"));
});

/** The engines are as they were, the cache is valid, and no name was set anywhere. */
async function expectNothingLeft(names: readonly string[] = []): Promise<void> {
  await expect.poll(() => activeBuilds("buildkit", buildkit), PATIENCE).toBe(0);
  await expect.poll(() => activeBuilds("docker", docker), PATIENCE).toBe(0);
  await expect.poll(connections, PATIENCE).toEqual([0, 0]);
  await expect.poll(() => openFilesBelow(bench.directory), PATIENCE).toEqual([]);
  expect(await unfinishedFiles(bench.cacheDirectory)).toEqual([]);
  await expectUnlocked(bench.cacheDirectory);
  expect(await cacheNames(bench.cacheDirectory)).toEqual(names);
  const cache = await openCache(bench.cacheDirectory);
  expect((await cache.list()).map(({ name }) => name)).toEqual(names);
  expect(await tagsOf(registry, `${bench.org}/p`)).toEqual([]);
}

describe("Ctrl-C", () => {
  function start(verb: "build" | "push", host = registry): CommandRun {
    const flags = [
      "--org",
      `${host}/${bench.org}`,
      "--builders",
      `default=${buildkit}`,
      "--cache",
      bench.cacheDirectory,
    ];
    return startCommand(["pkg", verb, "--sbom-scanner=false", ...flags, join(bench.repository.directory, "p")]);
  }

  async function interrupt(command: CommandRun): Promise<void> {
    command.interrupt();
    let result: Awaited<CommandRun["ended"]> | undefined;
    void command.ended.then((end) => {
      result = end;
    });
    await expect.poll(() => result?.status, PATIENCE).toBe(130);

    await expect.poll(() => processesOfSession(command.pid), PATIENCE).toEqual([]);
  }

  test("while the registry is asked", async () => {
    await using mute = await startMuteServer();
    await bench.open(HELLO, mute.host);
    await using command = start("push", mute.host);
    await mute.received(1);
    await interrupt(command);
    await expectNothingLeft();
  });

  test("while files are sent to the engine", async () => {
    await bench.open(BLOB);
    await bench.repository.write("p/blob", "");
    await truncate(join(bench.repository.directory, "p/blob"), 50_000_000_000);
    await using command = start("push");
    await command.sawEvent(({ type, id, currentBytes }) => {
      return type === "transfer" && String(id).startsWith("transferring context") && Number(currentBytes) > 0;
    });
    await interrupt(command);
    await expectNothingLeft();
  });

  test("while a step runs, which ends with it", async () => {
    const seconds = 100_000 + process.pid;
    await bench.open(await shellPackage("p", [`RUN ["/bin/sh", "-c", "echo up; sleep ${seconds}"]`]));
    await using command = start("push");
    await command.sawEvent(({ type, text }) => type === "log" && String(text).includes("up"));
    await interrupt(command);
    await expect.poll(commandLines, PATIENCE).not.toContainEqual(expect.stringContaining(`sleep ${seconds}`));
    await expectNothingLeft();
  });

  test("while the engine pushes", async () => {
    await using slow = await startSlowProxy(registry);
    await bench.open(BLOB, slow.host);
    await bench.repository.write("p/blob", randomBytes(4_000_000));
    await using command = start("push", slow.host);
    await slow.received(200_000);
    await interrupt(command);
    await expectNothingLeft();
  });

  test("while the client pushes what the cache has", async () => {
    await using slow = await startSlowProxy(registry);
    const package_ = await bench.open(BLOB, slow.host);
    await bench.repository.write("p/blob", randomBytes(4_000_000));
    await package_.build(bench.options());
    const names = await cacheNames(bench.cacheDirectory);
    await using command = start("push", slow.host);
    await slow.received(200_000);
    await interrupt(command);
    await expectNothingLeft(names);
  });

  test("while the cache takes what was built", async () => {
    await bench.open(BLOB);
    await bench.repository.write("p/blob", randomBytes(100_000_000));
    await using command = start("build");
    await expect.poll(() => unfinishedFiles(bench.cacheDirectory), { timeout: 60_000, interval: 2 }).not.toEqual([]);
    await interrupt(command);
    await expectNothingLeft();
  });

  test("while another has the cache's lock", async () => {
    const lock = await lockFile(join(bench.cacheDirectory, ".lock"));
    try {
      await bench.open(HELLO);
      await using command = start("build");
      const lockPath = join(bench.cacheDirectory, ".lock");
      // Ours, theirs, and that of the program that waits for it.
      await expect
        .poll(async () => (await openFilesBelow(bench.directory)).filter((file) => file === lockPath).length, PATIENCE)
        .toBeGreaterThan(2);
      await interrupt(command);
    } finally {
      await lock[Symbol.asyncDispose]();
    }
    await expectNothingLeft();
  });
});

describe.each(ENGINES)("a run in a program, on %s,", (_, __, engine) => {
  const SLEEP = ['RUN ["/bin/sh", "-c", "echo up; sleep 600"]'];
  const reason = { because: "of this" };

  test("that is canceled rejects when all is closed", async () => {
    const run = (await bench.open(await shellPackage("p", SLEEP))).engines(engine).push(bench.options());
    await eventOf(run, (event) => event.type === "log" && event.text.includes("up"));
    run.cancel();
    expect(await rejectionOf(run)).toMatchObject({ code: "RUN_CANCELED" });
    await expectNothingLeft();
  });

  test("that is aborted rejects with the caller's reason", async () => {
    const controller = new AbortController();
    const options = { ...bench.options(), signal: controller.signal };
    const run = (await bench.open(await shellPackage("p", SLEEP))).engines(engine).build(options);
    await eventOf(run, (event) => event.type === "log" && event.text.includes("up"));
    controller.abort(reason);
    expect(await rejectionOf(run)).toBe(reason);
    await expectNothingLeft();
  });

  test.each(["tar", "oci"] as const)("that is aborted while it writes a file leaves none: %s", async (type) => {
    const controller = new AbortController();
    const package_ = (await bench.open(BLOB)).engines(engine);
    await bench.repository.write("p/blob", randomBytes(60_000_000));
    const directory = join(bench.directory, "exports");
    const options = { ...bench.options(), signal: controller.signal };
    const run = package_.export({ ...options, type, dest: join(directory, "out.tar") });
    const rejection = rejectionOf(run);
    const files = () => readdir(directory).catch(() => []);
    await expect.poll(files, { timeout: 60_000, interval: 2 }).not.toEqual([]);
    controller.abort(reason);
    expect(await rejection).toBe(reason);
    expect(await files()).toEqual([]);
  });

  test("that takes too long is canceled", async () => {
    const run = (await bench.open(await shellPackage("p", SLEEP)))
      .engines(engine)
      .push({ ...bench.options(), timeoutMs: 2000 });
    expect(await rejectionOf(run)).toMatchObject({ code: "RUN_CANCELED" });
    await expectNothingLeft();
  });

  test("that is aborted before it begins does nothing", async () => {
    const run = (await bench.open(HELLO))
      .engines(engine)
      .push({ ...bench.options(), signal: AbortSignal.abort(reason) });
    expect(await rejectionOf(run)).toBe(reason);
    await expectNothingLeft();
  });

  test("that is aborted while the registry is asked rejects with the caller's reason", async () => {
    await using mute = await startMuteServer();
    const controller = new AbortController();
    const package_ = (await bench.open(HELLO, mute.host)).engines(engine);
    const run = package_.push({ ...bench.options(), signal: controller.signal });
    const rejection = rejectionOf(run);
    await mute.received(1);
    controller.abort(reason);
    expect(await rejection).toBe(reason);
    await expectNothingLeft();
  });
});
