import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";
import { type EngineChoice, engines, pkgs } from "kitsmith";
import { afterEach, describe, expect, inject, test } from "vitest";
import { startBuildkitd } from "../engines/test-engine.ts";
import { testTools } from "../engines/test-tools.ts";
import { useRunBench } from "./run-bench.ts";
import { eventOf, eventsOf, failureOf, shellPackage, startedNodes, tagsOf } from "./run-fixture.ts";

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

const bench = useRunBench("faults");

describe("an engine", () => {
  afterEach(bench.expectNothingPublished);

  test("that does not answer", async () => {
    const address = `unix://${bench.directory}/none.sock`;
    const run = (await bench.open(HELLO)).engines(address).push(bench.options());
    expect(await failureOf(run)).toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(await startedNodes(run)).toBe(0);
  });

  test("that accepts and says nothing", async () => {
    const path = join(bench.directory, "mute.sock");
    const mute = createServer((socket) => socket.on("error", () => {}).resume());
    await new Promise<void>((resolve) => mute.listen(path, resolve));
    const run = (await bench.open(HELLO)).engines(`unix://${path}`).push(bench.options());
    expect(await failureOf(run)).toMatchObject({ code: "ENGINE_UNREACHABLE" });
    // What the run opened is closed, so that the server can end.
    await new Promise((resolve) => mute.close(resolve));
  });

  test("that is killed while a step runs", async () => {
    await using doomed = await startBuildkitd();
    const package_ = await bench.open(await shellPackage("p", ['RUN ["/bin/sh", "-c", "echo up; sleep 600"]']));
    const run = package_.engines(doomed.address).push(bench.options());
    await eventOf(run, (event) => event.type === "log" && event.text.includes("up"));
    doomed.kill();
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "ENGINE_LOST" } });
  });
});

describe("an engine of a run", () => {
  test("that is lost and comes back builds again", async () => {
    const path = join(bench.directory, "engine.sock");
    await using engine = await openCuttableEngine(buildkit.slice("unix://".length), path);
    const lines = ['RUN ["/bin/sh", "-c", "echo up; sleep 1; echo built > /built"]'];
    const package_ = await bench.open(await shellPackage("p", lines));
    const run = package_.engines(`unix://${path}`).push(bench.options());
    await eventOf(run, (event) => event.type === "log" && event.text.includes("up"));
    await engine.cut(200);
    expect((await run).images["linux/amd64"]?.outcome).toBe("built");
    const notices = (await eventsOf(run)).filter((event) => event.type === "notice" && event.level === "warning");
    expect(notices.length).toBeGreaterThan(0);
    expect(await startedNodes(run)).toBe(1);
  });

  test("gets no more builds at once than it was said to take", async () => {
    const names = ["a", "b", "c", "d"];
    const files = await Promise.all(
      names.map((name) => shellPackage(name, [`RUN ["/bin/sh", "-c", "echo ${name}; sleep 0.3"]`])),
    );
    const { directory } = await bench.create(Object.assign({}, ...files));
    const run = pkgs(`${directory}/*`)
      .engines(engines({ default: buildkit }, { parallel: 2 }))
      .build(bench.options());
    const events = await eventsOf(run);
    await run;
    const steps = events.flatMap((event) =>
      event.type === "vertex" && event.name.includes("sleep") && event.startedAt && event.completedAt
        ? [{ start: event.startedAt, end: event.completedAt }]
        : [],
    );
    const most = Math.max(...steps.map(({ start }) => steps.filter((x) => x.start <= start && start < x.end).length));
    expect(steps.length).toBeGreaterThanOrEqual(4);
    expect(most).toBe(2);
  });
});

test("a platform that takes longer than it is given is stopped, and the others go on", async () => {
  const { directory } = await bench.create({
    ...(await shellPackage("slow", ['RUN ["/bin/sh", "-c", "echo up; sleep 600"]'])),
    ...(await shellPackage("quick", [])),
  });
  const set = pkgs(`${directory}/*`).engines(buildkit).keepGoing();
  const result = await set.build({ ...bench.options(), nodeTimeoutMs: 15_000 });
  expect(result.outcomes.map(({ outcome }) => outcome)).toEqual(["built", "failed"]);
  expect(result.failed).toMatchObject([{ error: { code: "RUN_TIMED_OUT" } }]);
});

describe.each(ENGINES)("a step that fails on %s", (_, engine) => {
  afterEach(bench.expectNothingPublished);

  test("is told with its exit code, its last lines, its place, package and platform", async () => {
    const lines = ["# a comment", 'RUN ["/bin/sh", "-c", "echo before >&2; echo oops >&2; exit 7"]'];
    const run = (await bench.open(await shellPackage("p", lines))).engines(engine).push(bench.options());
    const error = await failureOf(run);
    const step = {
      code: "BUILD_STEP_FAILED",
      location: { file: join(bench.repository.directory, "p/Dockerfile"), line: 4 },
      details: { exitCode: 7, logs: ["before", "oops"] },
    };
    expect(error).toMatchObject({
      code: "RUN_FAILED",
      cause: step,
      details: {
        failures: [{ package: `${registry}/${bench.org}/p`, platform: "linux/amd64", outcome: "failed", error: step }],
      },
    });
    const events = await eventsOf(run);
    expect(events.at(-1)).toMatchObject({ type: "run.finished", ok: false, outcomes: { failed: 1, built: 0 } });
  });

  test("in a Dockerfile of 60 KB is told too", async () => {
    const filler = Array.from({ length: 760 }, () => `# ${"x".repeat(77)}`);
    const lines = [...filler, 'RUN ["/bin/sh", "-c", "echo tail; exit 9"]'];
    const run = (await bench.open(await shellPackage("p", lines))).engines(engine).push(bench.options());
    expect(await failureOf(run)).toMatchObject({
      code: "RUN_FAILED",
      cause: { code: "BUILD_STEP_FAILED", location: { line: 763 }, details: { exitCode: 9, logs: ["tail"] } },
    });
  });
});

describe("a platform that fails", () => {
  const ONE_FAILS = { ...HELLO, "p/Dockerfile": "FROM scratch\nARG TARGETARCH\nCOPY only-$TARGETARCH /\n" };

  test("keeps the tags of the others from moving; what exists is told by digest", async () => {
    await bench.open({ ...ONE_FAILS, "p/only-amd64": "amd64\n" });
    const set = pkgs(join(bench.repository.directory, "p")).org(`${registry}/${bench.org}`).engines(buildkit);
    const result = await set.keepGoing().push(bench.options());
    expect(result).toMatchObject({
      ok: false,
      packages: [],
      failed: [{ platform: "linux/arm64", outcome: "failed", error: { code: "BUILD_STEP_FAILED" } }],
      outcomes: [
        { platform: "linux/amd64", outcome: "built", digest: expect.stringMatching(/^sha256:/) },
        { platform: "linux/arm64", outcome: "failed" },
      ],
    });
    await bench.expectNothingPublished();
    const digest = result.outcomes[0]?.digest;
    const accept = "application/vnd.oci.image.manifest.v1+json";
    const answer = await fetch(`http://${registry}/v2/${bench.org}/p/manifests/${digest}`, { headers: { accept } });
    expect(answer.status).toBe(200);
  });

  test("stops the others, and the error has the outcome of each", async () => {
    const files = await shellPackage("p", ["ARG TARGETARCH", "COPY only-$TARGETARCH /"], {
      arches: ["amd64", "arm64"],
    });
    const package_ = await bench.open({ ...files, "p/only-amd64": "amd64\n" });
    expect(await failureOf(package_.push(bench.options()))).toMatchObject({
      code: "RUN_FAILED",
      cause: { code: "BUILD_STEP_FAILED" },
      details: {
        failures: [{ platform: "linux/arm64" }],
        outcomes: [{ platform: "linux/amd64" }, { platform: "linux/arm64", outcome: "failed" }],
      },
    });
    await bench.expectNothingPublished();
  });

  test("leaves the tags of the version before as they are", async () => {
    const package_ = (await bench.open(HELLO)).tag("stable");
    const { digest } = await package_.push(bench.options());
    const tags = await tagsOf(registry, `${bench.org}/p`);
    await bench.repository.write("p/Dockerfile", ONE_FAILS["p/Dockerfile"]);
    await bench.repository.write("p/only-amd64", "amd64\n");
    await bench.repository.commit();
    expect(await failureOf(package_.push({ ...bench.options(), force: true }))).toMatchObject({ code: "RUN_FAILED" });
    const { stdout } = await execa(testTools().crane, ["digest", "--insecure", `${registry}/${bench.org}/p:stable`]);
    expect(stdout).toBe(digest);
    expect(await tagsOf(registry, `${bench.org}/p`)).toEqual(tags);
  });
});

describe("a tree that changes while it is built", () => {
  const SLOW = ["COPY hello /", 'RUN ["/bin/sh", "-c", "echo up; sleep 2"]'];

  test.each([
    ["a file with other content", () => bench.repository.write("p/hello", "other\n")],
    ["a new file", () => bench.repository.write("p/new", "new\n")],
    ["a new commit", () => bench.repository.write("p/hello", "other\n").then(() => bench.repository.commit())],
  ])("is not published: %s", async (_, change) => {
    const package_ = await bench.open({ ...(await shellPackage("p", SLOW)), "p/hello": "hello\n" });
    const run = package_.noCache().push(bench.options());
    await eventOf(run, (event) => event.type === "log" && event.text.includes("up"));
    await change();
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "PLAN_TREE_CHANGED" } });
    await bench.expectNothingPublished();
  });

  test("does not keep a commit elsewhere in the bench.repository from being made", async () => {
    const package_ = await bench.open({ ...(await shellPackage("p", SLOW)), "p/hello": "hello\n" });
    const run = package_.noCache().push(bench.options());
    await eventOf(run, (event) => event.type === "log" && event.text.includes("up"));
    await bench.repository.write("q/other", "other\n");
    await bench.repository.commit();
    await expect(run.result).resolves.toMatchObject({ tag: expect.any(String) });
  });
});

interface CuttableEngine extends AsyncDisposable {
  /** Breaks all connections, and takes none for a while. */
  cut(pauseMs: number): Promise<void>;
}

/** Passes connections on to an engine's socket. */
async function openCuttableEngine(target: string, path: string): Promise<CuttableEngine> {
  const sockets = new Set<Socket>();
  const listen = async () => {
    const server = createServer((socket) => {
      const upstream = createConnection(target);
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        sockets.add(one);
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return server;
  };
  let server = await listen();
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await closed;
  };
  return {
    cut: async (pauseMs) => {
      await close();
      await setTimeout(pauseMs);
      server = await listen();
    },
    [Symbol.asyncDispose]: close,
  };
}
