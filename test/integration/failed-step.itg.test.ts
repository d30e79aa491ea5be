import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenFailedStep } from "../../sdk/engine/container/failed-step.ts";
import type { BuildJob, Engine } from "../../sdk/engine/engine.ts";
import { llb, type State } from "../../sdk/llb/index.ts";
import { createSecretsService } from "../../sdk/session/secrets.ts";
import {
  connectShared,
  createTestContext,
  graphInput,
  KINDS,
  openTestJob,
  type TestContext,
} from "./engine-fixture.ts";
import { rejectionOf } from "./run-fixture.ts";

describe.each(KINDS)("a step that failed on %s", (kind) => {
  let engine: Engine;
  let context: TestContext;
  let shell: State;

  /** Builds what fails, and looks into the step while the job is open. */
  async function inspect(state: State, look: (step: OpenFailedStep, job: BuildJob) => Promise<void>): Promise<void> {
    const secrets = createSecretsService(new Map([["token", Buffer.from("hidden")]]));
    await using job = await openTestJob(engine, { services: [...context.services, secrets] });
    const error = await rejectionOf(job.solve({ input: graphInput(state) }, { evaluate: true }));
    expect(error).toMatchObject({ code: "BUILD_STEP_FAILED" });
    const step = job.failedStep(error);
    if (step === undefined) throw new Error("there is no step", { cause: error });
    await look(step, job);
  }

  beforeAll(async () => {
    engine = await connectShared(kind);
    context = await createTestContext({ "data/file": "text" });
    shell = llb
      .scratch()
      .copy(llb.local("context").path("busybox"), "/bin/busybox")
      .run(["/bin/busybox", "--install", "/bin"], { network: "none" });
  });
  afterAll(async () => {
    await context?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  test("has what it wrote, its mounts, environment, directory and user", async () => {
    const state = shell
      .mkdir("/work", { owner: "7:8" })
      .workdir("/work")
      .env("A", "b")
      .user("7:8")
      .run("echo half > made; echo part > /out/part; cat /run/secrets/token > /cache/copy; exit 9", {
        network: "none",
        mounts: [
          llb.secretMount("/run/secrets/token", { id: "token", mode: 0o444 }),
          llb.cacheMount("/cache", {
            id: `failed-step-${kind}`,
            source: llb.scratch().mkdir("/all", { owner: "7:8" }).path("/all"),
          }),
          llb.bindMount("/out", llb.scratch().mkdir("/all", { owner: "7:8" }).path("/all")),
        ],
      });
    await inspect(state, async (step) => {
      expect(step.command).toMatchObject({ cwd: "/work", user: "7:8", env: { A: "b" } });
      await using container = await step.openContainer();
      const { stdout } = await container.exec([
        "/bin/sh",
        "-c",
        'echo "$A $PWD $(id -u):$(id -g)"; cat made /out/part /cache/copy',
      ]);
      expect(stdout).toBe("b /work 7:8\nhalf\npart\nhidden");
      await using before = await step.openContainer({ state: "before" });
      expect((await before.exec(["/bin/sh", "-c", "ls -A /work /out"])).stdout).toBe("/out:\n\n/work:\n");
    });
  });

  test("of files has what it found, what it did and what it copies from", async () => {
    const tree = llb.scratch().mkdir("/data").mkfile("/data/file", "text");
    const state = shell.mkdir("/one").mkfile("/two", "").copy(tree.path("/data"), "/two");
    await inspect(state, async (step) => {
      expect(step.action).toEqual({ kind: "copy", path: "/two", source: "/data" });
      expect(step.states).toEqual(["failed", "before", "source"]);
      await using container = await step.openContainer();
      expect((await container.exec(["/bin/ls", "/"])).stdout).toContain("one\n");
    });
  });

  test("of files that finds no source was not begun, and has what it was to copy from", async () => {
    const source = llb.local("context");
    await inspect(shell.copy(source.path("/data/nothing"), "/one/"), async (step) => {
      expect(step.action).toEqual({ kind: "copy", path: "/one/", source: "/data/nothing" });
      expect(step.states).toEqual(["source"]);
      const listed = step.readDir("/data");
      // The daemon in docker is too old for it.
      if (kind === "docker") expect(await rejectionOf(listed)).toMatchObject({ code: "ENGINE_FEATURE_MISSING" });
      else expect((await listed).map(({ path }) => path)).toEqual(["file"]);
      expect(await rejectionOf(step.openContainer({ state: "before" }))).toMatchObject({
        code: "ENGINE_FEATURE_MISSING",
      });
    });
  });
});
