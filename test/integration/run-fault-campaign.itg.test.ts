import { randomBytes } from "node:crypto";
import { mkdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type EngineChoice, engines, type Run, type RunEvent } from "kitsmith";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { startBuildkitd } from "../engines/test-engine.ts";
import { testTools } from "../engines/test-tools.ts";
import { type RequestFate, startFaultyRegistry, startMuteServer, startSlowProxy } from "./loopback-server.ts";
import { activeBuilds, connectionsTo, openFilesBelow } from "./machine-state.ts";
import { useRunBench } from "./run-bench.ts";
import { eventOf, eventsOf, expectUnlocked, failureOf, rejectionOf, shellPackage, tagsOf } from "./run-fixture.ts";

const registry = inject("registryHost");
const buildkit = inject("buildkitAddress");
const docker = inject("dockerAddress");
const BUILD_YML = "image: p\narches: [amd64]\n";
/** The blobs are not in git, which would take long to store them. */
const BLOBS = {
  "p/build.yml": BUILD_YML,
  "p/Dockerfile": "FROM scratch\nCOPY blobs /blobs\n",
  ".gitignore": "blobs\n",
};
const HELLO = { "p/build.yml": BUILD_YML, "p/Dockerfile": "FROM scratch\nCOPY hello /\n" };
const SLEEP = ['RUN ["/bin/sh", "-c", "echo up; sleep 600"]'];
/** Much more than anything here needs, on a machine that is busy; what hangs is found by it. */
const PATIENCE = { timeout: 30_000, interval: 50 };

const bench = useRunBench("campaign");
let resources: readonly string[] = [];
/** What others hold of the shared engines: a file before this one may have left something to end. */
let held: readonly number[] = [];

const engineUse = async (): Promise<readonly number[]> =>
  await Promise.all([
    activeBuilds("buildkit", buildkit),
    activeBuilds("docker", docker),
    ...[buildkit, docker].map(connectionsTo),
  ]);

beforeEach(async () => {
  resources = openResources();
  held = await engineUse();
});

afterEach(async () => {
  await expect.poll(() => moreThan(resources, openResources()), PATIENCE).toEqual([]);
  const more = async () => (await engineUse()).some((count, index) => count > (held[index] ?? 0));
  await expect.poll(more, PATIENCE).toBe(false);
  await expect.poll(() => openFilesBelow(bench.directory), PATIENCE).toEqual([]);
});

/** What keeps this process busy with others: connections, servers, children. */
function openResources(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|Pipe|Process|FSReq|UDP/.test(name));
}

function moreThan(before: readonly string[], now: readonly string[]): readonly string[] {
  const left = [...before];
  return now.filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** A run that was told to begin is told to end, once and last. */
async function expectOneEnd(run: Run<unknown>, ok: boolean): Promise<void> {
  const events = await eventsOf(run);
  expect(events.filter(({ type }) => type === "run.started" || type === "run.finished")).toMatchObject([
    { type: "run.started" },
    { type: "run.finished", ok },
  ]);
  expect(events.at(-1)?.type).toBe("run.finished");
}

/** More than the search for an ignore file, which comes first. */
const sendsContext = (event: RunEvent) =>
  event.type === "transfer" && event.id.startsWith("transferring context") && event.currentBytes > 1_000_000;

/** Sparse files, so that there is much to send and little to store. */
async function writeBlobs(count: number, sizeBytes: number): Promise<void> {
  for (let index = 100; index < 100 + count; index += 1) {
    await bench.repository.write(`p/blobs/${index}`, "");
    await truncate(join(bench.repository.directory, `p/blobs/${index}`), sizeBytes);
  }
}

describe("an engine", () => {
  test("that is killed while files are sent to it is lost", async () => {
    await using doomed = await startBuildkitd();
    const package_ = await bench.open(BLOBS);
    await writeBlobs(1, 50_000_000_000);
    const run = package_.engines(doomed.address).push(bench.options());
    await eventOf(run, sendsContext);
    doomed.kill();
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "ENGINE_LOST" } });
    await expectOneEnd(run, false);
    await bench.expectNothingPublished();
  });
});

const SENDERS: readonly (readonly [string, EngineChoice, "engine" | "client"])[] = [
  ["buildkitd", engines.buildkit(buildkit), "engine"],
  ["dockerd", engines.docker({ host: docker }), "engine"],
  ["the client", engines.buildkit(buildkit), "client"],
];

/** Passes the first so many requests on a matching line to a fate of their own. */
function firstTimes(count: number, pattern: RegExp, fate: RequestFate): (line: string) => RequestFate {
  let left = count;
  return (line) => {
    if (left === 0 || !pattern.test(line)) return "pass";
    left -= 1;
    return fate;
  };
}

function everyThird(fate: RequestFate): () => RequestFate {
  let count = 0;
  return () => {
    count += 1;
    return count % 3 === 0 ? fate : "pass";
  };
}

describe.each(SENDERS)("what %s pushes arrives at a registry", (_, engine, sender) => {
  test.each<readonly [string, () => (line: string) => RequestFate]>([
    ["that fails every third request", () => everyThird({ status: 503 })],
    ["that has every third client wait", () => everyThird({ status: 429, headers: { "retry-after": "1" } })],
    [
      "whose connections break in the middle of blobs",
      () => firstTimes(2, /^(PATCH|PUT) .*\/blobs\//, { breakAfterBytes: 100_000 }),
    ],
    ["that fails while it takes a manifest", () => firstTimes(1, /^PUT .*\/manifests\//, { status: 503 })],
  ])("%s", async (_case, fate) => {
    await using faulty = await startFaultyRegistry(registry, fate());
    const files = { ...HELLO, "p/hello": randomBytes(1_000_000) };
    const package_ = (await bench.open(files, faulty.host)).engines(engine);
    if (sender === "client") await package_.build({ ...bench.options(), pull: false });
    const run = package_.push(bench.options());
    const { tag } = await run;
    await expectOneEnd(run, true);
    expect([...(await tagsOf(registry, `${bench.org}/p`))].sort()).toEqual([tag, `${tag}-amd64`]);
    await execa(testTools().crane, ["validate", "--insecure", "--remote", `${registry}/${bench.org}/p:${tag}`]);
  });

  test("or tells why not, and leaves no tag", async () => {
    const fate = firstTimes(Number.POSITIVE_INFINITY, /^PUT .*\/manifests\//, { status: 503 });
    await using faulty = await startFaultyRegistry(registry, fate);
    const package_ = (await bench.open({ ...HELLO, "p/hello": randomBytes(1000) }, faulty.host)).engines(engine);
    if (sender === "client") await package_.build(bench.options());
    const run = package_.push(bench.options());
    const code = sender === "client" ? "REGISTRY_UNAVAILABLE" : expect.stringMatching(/^BUILD_(STEP_)?FAILED$/);
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code } });
    await expectOneEnd(run, false);
    expect(await tagsOf(registry, `${bench.org}/p`)).toEqual([]);
  });
});

describe("files that vanish", () => {
  test("while they are sent keep the package from being published", async () => {
    const package_ = await bench.open(BLOBS);
    // Many more than are open at once: what is open is sent whole, whether it has a name or not.
    await writeBlobs(600, 2_000_000);
    const run = package_.push(bench.options());
    await eventOf(run, sendsContext);
    for (let index = 690; index < 700; index += 1) await rm(join(bench.repository.directory, `p/blobs/${index}`));
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "PLAN_TREE_CHANGED" } });
    await expectOneEnd(run, false);
    await bench.expectNothingPublished();
  });
});

describe.each(SENDERS.slice(0, 2))("a service of the session on %s", (_, engine) => {
  const READS = ['RUN --mount=type=secret,id=TOKEN ["/bin/sh", "-c", "cat /run/secrets/TOKEN"]'];

  test.each<readonly [string, () => Promise<string>]>([
    ["throws", () => Promise.reject(new Error("the vault has this-is-secret"))],
    [
      "throws at once",
      () => {
        throw new Error("the vault is shut");
      },
    ],
  ])("a secret's function that %s fails the step, with its error as cause", async (_case, read) => {
    const package_ = (await bench.open(await shellPackage("p", READS))).engines(engine).secrets({ TOKEN: read });
    const run = package_.push(bench.options());
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "INPUT_SECRET_MISSING" } });
    await expectOneEnd(run, false);
    await bench.expectNothingPublished();
  });

  test("a secret's function that never answers ends with the run that is canceled", async () => {
    let ended: (() => void) | undefined;
    const told = new Promise<void>((resolve) => (ended = resolve));
    let began: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => (began = resolve));
    const read = async ({ signal }: { readonly signal?: AbortSignal | undefined }): Promise<string> => {
      signal?.addEventListener("abort", () => ended?.());
      began?.();
      return await new Promise<string>(() => {});
    };
    const package_ = (await bench.open(await shellPackage("p", READS))).engines(engine).secrets({ TOKEN: read });
    const run = package_.push(bench.options());
    await asked;
    run.cancel();
    expect(await rejectionOf(run)).toMatchObject({ code: "RUN_CANCELED" });
    await told;
    await expectOneEnd(run, false);
    await bench.expectNothingPublished();
  });
});

describe.each(SENDERS.slice(0, 2))("a run on %s that is aborted", (_, engine) => {
  const reason = { because: "of this" };

  async function expectAborted(run: Run<unknown>, controller: AbortController): Promise<void> {
    const rejection = rejectionOf(run);
    controller.abort(reason);
    expect(await rejection).toBe(reason);
    await mkdir(bench.cacheDirectory, { recursive: true });
    await expectUnlocked(bench.cacheDirectory);
  }

  test("before it planned begins nothing", async () => {
    const controller = new AbortController();
    const package_ = (await bench.open({ ...HELLO, "p/hello": "hello\n" })).engines(engine);
    const run = package_.push({ ...bench.options(), signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    await expectAborted(run, controller);
    expect(await eventsOf(run)).toEqual([]);
    await bench.expectNothingPublished();
  });

  test.each<readonly [string, (event: RunEvent) => boolean]>([
    ["when it began", ({ type }) => type === "run.started"],
    ["when it has a plan", ({ type }) => type === "plan.ready"],
    ["when a build begins", ({ type }) => type === "node.started"],
    ["in a step", (event) => event.type === "log" && event.text.includes("up")],
  ])("%s leaves nothing", async (_phase, isWanted) => {
    const controller = new AbortController();
    const package_ = (await bench.open(await shellPackage("p", SLEEP))).engines(engine);
    const run = package_.push({ ...bench.options(), signal: controller.signal });
    await eventOf(run, isWanted);
    await expectAborted(run, controller);
    await expectOneEnd(run, false);
    await bench.expectNothingPublished();
  });

  test("while files are sent leaves nothing", async () => {
    const controller = new AbortController();
    const package_ = (await bench.open(BLOBS)).engines(engine);
    await writeBlobs(1, 50_000_000_000);
    const run = package_.push({ ...bench.options(), signal: controller.signal });
    await eventOf(run, sendsContext);
    await expectAborted(run, controller);
    await expectOneEnd(run, false);
    await bench.expectNothingPublished();
  });

  test.each(["engine", "client"] as const)("while the %s pushes leaves nothing", async (sender) => {
    await using slow = await startSlowProxy(registry);
    const controller = new AbortController();
    const files = { ...HELLO, "p/hello": randomBytes(4_000_000) };
    const package_ = (await bench.open(files, slow.host)).engines(engine);
    if (sender === "client") await package_.build(bench.options());
    const run = package_.push({ ...bench.options(), signal: controller.signal });
    await slow.received(300_000);
    await expectAborted(run, controller);
    await expectOneEnd(run, false);
    expect(await tagsOf(registry, `${bench.org}/p`)).toEqual([]);
  });

  test("between the tag of an architecture and the index leaves no index, and the next run sets it", async () => {
    const controller = new AbortController();
    let reached: (() => void) | undefined;
    const atIndex = new Promise<void>((resolve) => (reached = resolve));
    await using faulty = await startFaultyRegistry(registry, (line) => {
      if (!/^PUT .*\/manifests\/[0-9a-f]{40}$/.test(line)) return "pass";
      reached?.();
      return { heldUntil: new Promise(() => {}) };
    });
    const package_ = (await bench.open({ ...HELLO, "p/hello": "hello\n" }, faulty.host)).engines(engine);
    const run = package_.push({ ...bench.options(), signal: controller.signal });
    await atIndex;
    await expectAborted(run, controller);
    await expectOneEnd(run, false);
    const tags = await tagsOf(registry, `${bench.org}/p`);
    expect(tags).toEqual([expect.stringMatching(/-amd64$/)]);
    const { tag } = await package_.org(`${registry}/${bench.org}`).push(bench.options());
    expect([...(await tagsOf(registry, `${bench.org}/p`))].sort()).toEqual([tag, ...tags]);
  });
});

test("a plan that cannot be made is told to have failed", async () => {
  await using mute = await startMuteServer();
  const package_ = await bench.open({ ...HELLO, "p/hello": "hello\n" }, mute.host);
  const run = package_.push(bench.options());
  await mute.received(1);
  run.cancel();
  expect(await rejectionOf(run)).toMatchObject({ code: "RUN_CANCELED" });
  await expectOneEnd(run, false);
});

test("faults again and again leave neither memory nor connections behind", async () => {
  const package_ = await shellPackage("p", [
    'RUN --mount=type=secret,id=TOKEN ["/bin/sh", "-c", "echo up; sleep 600"]',
  ]);
  const { directory } = await bench.create(package_);
  const script = new URL("scripts/repeated-faults.ts", import.meta.url).pathname;
  const loader = ["--expose-gc", "--conditions=kitsmith-source", "--import", import.meta.resolve("tsx")];
  const { stdout } = await execa(process.execPath, [
    ...[...loader, script, join(directory, "p")],
    ...[`${registry}/${bench.org}`, buildkit, bench.cacheDirectory],
  ]);
  const { grownBytes, before, after } = JSON.parse(stdout);
  expect(moreThan(before, after)).toEqual([]);
  expect(grownBytes).toBeLessThan(16_000_000);
  await bench.expectNothingPublished();
});
