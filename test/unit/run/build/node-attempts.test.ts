import { describe, expect, it } from "vitest";
import { BuildError, EngineError, type KitsmithError, RegistryError } from "../../../../sdk/core/errors.ts";
import { type AttemptOptions, withAttempts } from "../../../../sdk/run/build/node-attempts.ts";

const lost = () => new EngineError("ENGINE_LOST", "the connection broke");
const pushFailed = (status: string) =>
  new BuildError("BUILD_FAILED", `failed to push r/i: unexpected status from PUT request to http://r/v2/: ${status}`);

/** Fails with each of these once, then gives back how often it was called. */
function failing(...errors: readonly unknown[]): { action: () => Promise<number>; calls: () => number } {
  let calls = 0;
  return {
    calls: () => calls,
    action: async () => {
      const error = errors[calls];
      calls += 1;
      if (error !== undefined) throw error;
      return calls;
    },
  };
}

function options(more: Partial<AttemptOptions> = {}): AttemptOptions {
  return { signal: new AbortController().signal, retries: 2, onRetry: async () => {}, ...more };
}

describe("withAttempts", () => {
  it.each([
    ["an engine that was lost", lost()],
    ["a registry that failed while the engine pushed", pushFailed("503 Service Unavailable")],
    ["a registry that wanted the engine to wait", pushFailed("429 Too Many Requests")],
    ["a connection of the engine's that was reset", new BuildError("BUILD_FAILED", "read: connection reset by peer")],
  ])("tries again after %s", async (_, error) => {
    const retried: (readonly [KitsmithError, number])[] = [];
    const onRetry: AttemptOptions["onRetry"] = async (...call) => void retried.push(call);
    await expect(withAttempts(failing(error).action, options({ onRetry }))).resolves.toBe(2);
    expect(retried).toEqual([[error, 2]]);
  });

  it.each([
    [
      "a step that failed, whatever it wrote",
      new BuildError("BUILD_STEP_FAILED", "connection refused", { details: { exitCode: 1 } }),
    ],
    ["a registry that refuses", pushFailed("403 Forbidden")],
    ["what our own calls have tried again already", new RegistryError("REGISTRY_UNAVAILABLE", "503")],
    ["an error of the program", new TypeError("x is not a function")],
  ])("does not try again after %s", async (_, error) => {
    const attempt = failing(error);
    await expect(withAttempts(attempt.action, options())).rejects.toBe(error);
    expect(attempt.calls()).toBe(1);
  });

  it("throws the last attempt's error when there are no more", async () => {
    const errors = [lost(), lost()];
    await expect(withAttempts(failing(...errors).action, options({ retries: 1 }))).rejects.toBe(errors[1]);
  });

  it("counts it as an attempt when another one cannot be prepared", async () => {
    const attempt = failing(lost(), undefined);
    const unprepared = [lost(), undefined];
    const onRetry = async () => {
      const error = unprepared.shift();
      if (error) throw error;
    };
    await expect(withAttempts(attempt.action, options({ onRetry }))).resolves.toBe(2);
    expect(unprepared).toEqual([]);
  });

  it("ends an attempt that takes too long, and does not try again", async () => {
    let calls = 0;
    const endless = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        calls += 1;
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    await expect(withAttempts(endless, options({ timeoutMs: 10 }))).rejects.toMatchObject({ code: "RUN_TIMED_OUT" });
    expect(calls).toBe(1);
  });

  it("stops waiting for the next attempt when it is aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const attempt = async () => {
      setImmediate(() => controller.abort(reason));
      throw lost();
    };
    await expect(withAttempts(attempt, options({ signal: controller.signal }))).rejects.toBe(reason);
  });
});
