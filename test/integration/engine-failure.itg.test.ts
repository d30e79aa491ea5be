import { readdir, readFile } from "node:fs/promises";
import { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ContentError } from "../../sdk/core/errors.ts";
import { connectEngine } from "../../sdk/engine/connect-engine.ts";
import type { Engine } from "../../sdk/engine/engine.ts";
import { createFileSendService, streamReceiver } from "../../sdk/session/file-send.ts";
import { startBuildkitd, startDockerd } from "../engines/test-engine.ts";
import {
  connectShared,
  createTestContext,
  dockerfileInput,
  graphInput,
  helloState,
  KINDS,
  openTestJob,
  shellDockerfile,
} from "./engine-fixture.ts";

/** Makes a Dockerfile longer than what fits into the trailer of an answer. */
const FILLER = `# ${"x".repeat(77)}\n`.repeat(800);

describe.each(KINDS)("a job that fails on %s", (kind) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await connectShared(kind);
  });
  afterAll(async () => await engine[Symbol.asyncDispose]());

  test("names the step, its exit code, its last lines and the Dockerfile's line", async () => {
    await using context = await createTestContext({
      Dockerfile: shellDockerfile("echo before >&2; echo oops >&2; exit 7"),
    });
    await using job = await openTestJob(engine, { services: context.services });
    await expect(job.solve({ input: dockerfileInput() }, { evaluate: true })).rejects.toMatchObject({
      code: "BUILD_STEP_FAILED",
      location: { file: "Dockerfile", line: 4 },
      details: {
        exitCode: 7,
        logs: ["before", "oops"],
        vertex: { name: expect.stringContaining("exit 7") },
        source: { text: expect.stringContaining("exit 7") },
      },
    });
  });

  test.each(["evaluate", "finish"] as const)(
    "tells the error of a step of a Dockerfile of 60 KB (%s)",
    async (stage) => {
      await using context = await createTestContext({ Dockerfile: `${FILLER}${shellDockerfile("echo tail; exit 9")}` });
      await using job = await openTestJob(engine, { services: context.services });
      const building = async (): Promise<unknown> => {
        const result = await job.solve({ input: dockerfileInput() }, { evaluate: stage === "evaluate" });
        return await job.finish(result);
      };
      await expect(building()).rejects.toMatchObject({
        code: "BUILD_STEP_FAILED",
        location: { file: "Dockerfile", line: 804 },
        details: { exitCode: 9, logs: ["tail"] },
      });
    },
  );

  test("tells the error of a Dockerfile of 60 KB that does not parse", async () => {
    await using context = await createTestContext({ Dockerfile: `FROM scratch\n${FILLER}NONSENSE\n` });
    await using job = await openTestJob(engine, { services: context.services });
    await expect(job.solve({ input: dockerfileInput() })).rejects.toMatchObject({
      code: "BUILD_FAILED",
      location: { file: "Dockerfile", line: 802 },
    });
  });

  test("after an answer that was too long, other jobs and later calls work", async () => {
    await using context = await createTestContext({ Dockerfile: `FROM scratch\n${FILLER}NONSENSE\n` });
    await using other = await openTestJob(engine);
    await using job = await openTestJob(engine, { services: context.services });
    await expect(job.solve({ input: dockerfileInput() })).rejects.toMatchObject({ code: "BUILD_FAILED" });
    const results = await Promise.all([job, other].map((one) => one.solve({ input: graphInput(helloState()) })));
    expect(results.map(({ reference }) => reference === undefined)).toEqual([false, false]);
  });

  test("refuses what the daemon does not allow", async () => {
    await expect(openTestJob(engine, { entitlements: ["security.insecure"] })).rejects.toMatchObject({
      code: "BUILD_FAILED",
    });
  });

  test("gives the client's own error when an output cannot be written", async () => {
    const full = new ContentError("CONTENT_WRITE_FAILED", "the disk is full");
    const sink = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done(full) });
    await using job = await openTestJob(engine, {
      exporters: [{ type: "oci", attributes: {} }],
      services: [createFileSendService(new Map([[0, streamReceiver(sink)]]))],
    });
    const result = await job.solve({ input: graphInput(helloState()) });
    await expect(job.finish(result)).rejects.toBe(full);
  });

  test("aborted, it rejects with the reason and kills what runs", async () => {
    const marker = `${20_000 + Math.floor(Math.random() * 10_000)}`;
    await using context = await createTestContext({ Dockerfile: shellDockerfile(`sh -c "sleep ${marker}"`) });
    const canceled = new AbortController();
    await using job = await openTestJob(engine, { services: context.services, signal: canceled.signal });
    const building = job.solve({ input: dockerfileInput() }, { evaluate: true });
    building.catch(() => undefined);
    await until(() => isRunning(marker));
    const reason = new Error("enough");
    canceled.abort(reason);
    await expect(building).rejects.toBe(reason);
    await job[Symbol.asyncDispose]();
    await until(async () => !(await isRunning(marker)));
  });

  test("closed, it takes no more calls, and ends those that run", async () => {
    await using context = await createTestContext({ Dockerfile: shellDockerfile("sleep 600") });
    const job = await openTestJob(engine, { services: context.services });
    const building = job.solve({ input: dockerfileInput() }, { evaluate: true });
    building.catch(() => undefined);
    await job[Symbol.asyncDispose]();
    await expect(building).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect(job.solve({ input: graphInput(helloState()) })).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });

  test("aborted before it is opened, it is not opened", async () => {
    const reason = new Error("never mind");
    await expect(openTestJob(engine, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("an engine that dies while it builds is lost", async () => {
    await using daemon = kind === "buildkit" ? await startBuildkitd() : await startDockerd();
    await using doomed = await connectEngine(daemon.address, { kind });
    await using context = await createTestContext({ Dockerfile: shellDockerfile("echo up; sleep 600") });
    let sawStep: (() => void) | undefined;
    const stepRuns = new Promise<void>((resolve) => {
      sawStep = resolve;
    });
    await using job = await openTestJob(doomed, {
      services: context.services,
      onStatus: ({ logs }) => (logs.length > 0 ? sawStep?.() : undefined),
    });
    const building = job.solve({ input: dockerfileInput() }, { evaluate: true });
    building.catch(() => undefined);
    await stepRuns;
    daemon.kill();
    await expect(building).rejects.toMatchObject({ code: "ENGINE_LOST" });
  });
});

describe("connecting", () => {
  test("to nothing is ENGINE_UNREACHABLE", async () => {
    for (const address of ["unix:///tmp/kitsmith-no-such.sock", "tcp://127.0.0.1:1"]) {
      await expect(connectEngine(address)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    }
  });

  test("to what is no engine is ENGINE_UNREACHABLE", async () => {
    // dockerd speaks HTTP/1.1 at first, buildkitd never does.
    await using docker = await connectShared("docker");
    await using buildkit = await connectShared("buildkit");
    await expect(connectEngine(buildkit.address, { kind: "docker" })).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
    });
    expect(docker.kind).toBe("docker");
  });
});

async function isRunning(marker: string): Promise<boolean> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.some((line) => line.startsWith("sleep\0") && line.includes(marker));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}
