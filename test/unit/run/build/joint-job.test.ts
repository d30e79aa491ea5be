import { describe, expect, test } from "vitest";
import { BuildError, EngineError } from "../../../../sdk/core/errors.ts";
import { parsePlatform } from "../../../../sdk/core/platform.ts";
import type { BuildJob, Engine, JobOptions, JobResult, JobSession } from "../../../../sdk/engine/engine.ts";
import { createJointJob, type MemberOptions } from "../../../../sdk/run/build/joint-job.ts";

const refuse = () => Promise.reject(new EngineError("ENGINE_LOST", "none of this is asked for"));

/** An engine of which only jobs are asked for; `broken` are the references that cannot be made. */
function createEngine({ broken = [], refused = false }: { broken?: readonly string[]; refused?: boolean } = {}) {
  const opened: JobOptions[] = [];
  const finished: JobResult[] = [];
  let closed = 0;
  const job: BuildJob = {
    ...{
      ref: "job",
      sessionId: "session",
      capabilities: refuse,
      solve: refuse,
      resolveImage: refuse,
      readFile: refuse,
    },
    ...{ readDir: refuse, statFile: refuse, openContainer: refuse, failedStep: () => undefined, abandon: refuse },
    async evaluate({ id }) {
      if (broken.includes(id)) throw new BuildError("BUILD_STEP_FAILED", `${id} cannot be made`);
    },
    async finish(result) {
      finished.push(result);
      return { response: { "containerimage.digest": "all" } };
    },
    async [Symbol.asyncDispose]() {
      closed += 1;
    },
  };
  const engine: Engine = {
    ...{ address: "unix:///none", kind: "buildkit", info: refuse, processors: refuse, diskUsage: refuse },
    ...{ prune: refuse, exportCache: refuse, openSession: refuse, tryGraph: refuse },
    async openJob(options) {
      opened.push(options);
      if (refused) throw new EngineError("ENGINE_LOST", "gone");
      return job;
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return { engine, opened, finished, closed: () => closed };
}

function optionsFor(platform: string, more: Partial<MemberOptions> = {}): MemberOptions {
  const session: JobSession = {
    ...{ id: "session", closed: new Promise(() => {}), failures: [] },
    [Symbol.asyncDispose]: async () => {},
  };
  const attributes = { push: "true", "annotation.org.example": platform };
  return {
    ...{ platform: parsePlatform(platform), session, services: [], sharedKey: "" },
    exporters: [{ type: "image", attributes }],
    ...more,
  };
}

const resultOf = (id: string): JobResult => ({
  reference: { id },
  references: {},
  metadata: { "containerimage.config": Buffer.from("{}") },
});

describe("a job for several platforms", () => {
  test("is one, with one export, of which all are told", async () => {
    const { engine, opened, finished, closed } = createEngine();
    let exports = 0;
    const [first, second] = createJointJob(2, () => {
      exports += 1;
    });
    const [amd64, arm64] = await Promise.all([
      first?.open(engine, optionsFor("linux/amd64")),
      second?.open(engine, optionsFor("linux/arm64")),
    ]);
    expect(opened).toHaveLength(1);
    expect(opened[0]?.platforms?.map(({ architecture }) => architecture)).toEqual(["amd64", "arm64"]);
    expect(opened[0]?.exporters).toEqual([{ type: "image", attributes: { push: "true" } }]);
    const exported = await Promise.all([amd64?.finish(resultOf("a"), {}), arm64?.finish(resultOf("b"), {})]);
    expect(exported[0]).toBe(exported[1]);
    expect(exported[0]?.response).toEqual({ "containerimage.digest": "all" });
    expect([finished.length, exports]).toEqual([1, 1]);
    expect(finished[0]?.references).toEqual({ "linux/amd64": { id: "a" }, "linux/arm64": { id: "b" } });
    const said = finished[0]?.metadata["annotation-manifest[linux/arm64].org.example"];
    expect(said && Buffer.from(said).toString()).toBe("linux/arm64");
    await amd64?.job[Symbol.asyncDispose]();
    expect(closed()).toBe(0);
    await arm64?.job[Symbol.asyncDispose]();
    expect(closed()).toBe(1);
  });

  test("nobody is exported without the others: who is left goes alone", async () => {
    const { engine, finished, closed } = createEngine({ broken: ["b"] });
    const [first, second] = createJointJob(2, () => {});
    const [amd64, arm64] = await Promise.all([
      first?.open(engine, optionsFor("linux/amd64")),
      second?.open(engine, optionsFor("linux/arm64")),
    ]);
    const waiting = amd64?.finish(resultOf("a"), {});
    await expect(arm64?.finish(resultOf("b"), {})).rejects.toMatchObject({ code: "BUILD_STEP_FAILED" });
    await arm64?.job[Symbol.asyncDispose]();
    await expect(waiting).resolves.toBeUndefined();
    await amd64?.job[Symbol.asyncDispose]();
    expect([finished.length, closed()]).toEqual([0, 1]);
  });

  test("is none where only one is left, or the others want something else", async () => {
    const { engine, opened } = createEngine();
    const [first, second] = createJointJob(2, () => {});
    const alone = first?.open(engine, optionsFor("linux/amd64"));
    second?.leave();
    await expect(alone).resolves.toBeUndefined();
    const [third, fourth] = createJointJob(2, () => {});
    const both = await Promise.all([
      third?.open(engine, optionsFor("linux/amd64")),
      fourth?.open(engine, optionsFor("linux/arm64", { entitlements: ["network.host"] })),
    ]);
    expect(both).toEqual([undefined, undefined]);
    expect(opened).toEqual([]);
  });

  test("that cannot be opened fails for all; whoever gives up does not keep the others from it", async () => {
    const refusing = createEngine({ refused: true });
    const [first, second] = createJointJob(2, () => {});
    const opening = [
      first?.open(refusing.engine, optionsFor("linux/amd64")),
      second?.open(refusing.engine, optionsFor("linux/arm64")),
    ];
    for (const one of opening) await expect(one).rejects.toMatchObject({ code: "ENGINE_LOST" });

    const { engine } = createEngine();
    const [third, fourth] = createJointJob(2, () => {});
    const stop = new AbortController();
    const given = third?.open(engine, optionsFor("linux/amd64", { signal: stop.signal }));
    stop.abort("enough");
    await expect(given).rejects.toBe("enough");
    await expect(fourth?.open(engine, optionsFor("linux/arm64"))).resolves.toBeUndefined();
  });
});
