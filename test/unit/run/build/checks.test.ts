import { describe, expect, test } from "vitest";
import { EngineError, PlanError } from "../../../../sdk/core/errors.ts";
import { createImage } from "../../../../sdk/image/create-image.ts";
import type { ImageContent } from "../../../../sdk/image/image-content.ts";
import { parseImageConfig } from "../../../../sdk/oci/model/image-config.ts";
import type { RunEvent } from "../../../../sdk/progress/event.ts";
import { type CheckFunction, runChecks, skipChecks } from "../../../../sdk/run/build/checks.ts";

const NODE = { package: "acme/image", platform: "linux/amd64" };
const FILE = { kind: "file", mode: 0o755, uid: 0, gid: 0, sizeBytes: 4 } as const;
const never = new Promise<undefined>(() => {});

/** An image with one file, one that is never found, and no programs. */
const content: ImageContent = {
  stat: async (path) => (path === "/slow" ? await never : path === "/file" ? FILE : undefined),
  list: async (path) => (path === "/" ? ["file"] : undefined),
  readFile: async (path) => (path === "/file" ? Buffer.from("text") : undefined),
  openContainer: () => Promise.reject(new EngineError("ENGINE_FEATURE_MISSING", "there are no programs")),
  [Symbol.asyncDispose]: async () => {},
};
const config = parseImageConfig(Buffer.from('{"os":"linux","architecture":"amd64"}'), "the config");
const image = createImage({ platform: config.platform, reference: "acme/image:tag", config }, content);

async function run(...checks: readonly CheckFunction[]) {
  const events: RunEvent[] = [];
  const context = { signal: new AbortController().signal, emit: (event: RunEvent) => void events.push(event) };
  const named = checks.map((check, index) => ({ name: `check ${index}`, run: check, always: false }));
  const error: unknown = await runChecks(named, image, NODE, context).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, outcomes: events.map((event) => (event.type === "check" ? `${event.name} ${event.outcome}` : "")) };
}

describe("checks", () => {
  test("run in their order, up to the first that fails", async () => {
    const { error, outcomes } = await run(
      async (one) => await one.assertFile("/file"),
      (one) => one.assertFile("/nowhere"),
      () => {
        throw new Error("it must not run");
      },
    );
    expect(outcomes).toEqual(["check 0 passed", "check 1 failed"]);
    expect(error).toMatchObject({
      code: "PLAN_CHECK_FAILED",
      details: { check: "check 1", ...NODE, file: "/nowhere" },
      cause: { code: "PLAN_CHECK_FAILED" },
    });
  });

  test.each<readonly [string, CheckFunction]>([
    ["is pending", (one) => void one.stat("/slow")],
    ["is pending beside others", async (one) => void (await Promise.race([one.stat("/slow"), one.stat("/file")]))],
    [
      "failed without anybody waiting for it",
      async (one) => {
        void one.readFile("/nowhere");
        await one.stat("/file");
        await new Promise((resolve) => setImmediate(resolve));
      },
    ],
    ["is a failure that goes on", (one) => one.readFile("/nowhere").then(() => "never")],
  ])("fail if what they asked for %s", async (_, check) => {
    expect((await run(check)).error).toMatchObject({ code: "PLAN_CHECK_FAILED" });
  });

  test.each<readonly [string, CheckFunction]>([
    ["catch", (one) => one.readFile("/nowhere").catch(() => "expected")],
    ["then", (one) => one.readFile("/nowhere").then(undefined, () => "expected")],
    ["await", async (one) => await expect(one.assertFile("/nowhere")).rejects.toThrow()],
    ["all", async (one) => await Promise.allSettled([one.assertFile("/nowhere"), one.readDirectory("/nowhere")])],
    ["nothing", () => {}],
  ])("pass if failures are expected with %s", async (_, check) => {
    expect(await run(check)).toEqual({ error: undefined, outcomes: ["check 0 passed"] });
  });

  test("are given real promises", async () => {
    const { error } = await run(async (one) => {
      const looked = one.readFile("/file", "utf8");
      expect(looked).toBeInstanceOf(Promise);
      expect(await looked).toBe("text");
      expect(await one.readDirectory("/")).toEqual(["file"]);
      expect(one.platform).toEqual(config.platform);
    });
    expect(error).toBeUndefined();
  });

  test.each([
    ["an engine that fails", new EngineError("ENGINE_LOST", "gone")],
    ["emulation that is refused", new PlanError("PLAN_EMULATION_REFUSED", "no")],
  ])("do not hide %s", async (_, reason) => {
    expect((await run(() => Promise.reject(reason))).error).toBe(reason);
  });

  test("end with the caller's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const check: CheckFunction = () => {
      controller.abort(reason);
      throw new Error("something else");
    };
    const context = { signal: controller.signal, emit: () => {} };
    const checks = [{ name: "it", run: check, always: false }];
    await expect(runChecks(checks, image, NODE, context)).rejects.toBe(reason);
  });

  test("that are not run are told", () => {
    const events: RunEvent[] = [];
    const context = { signal: new AbortController().signal, emit: (event: RunEvent) => void events.push(event) };
    skipChecks([{ name: "it", run: () => {}, always: false }], NODE, "published", context);
    expect(events).toMatchObject([{ type: "check", name: "it", outcome: "not run", why: "published", node: NODE }]);
  });
});
