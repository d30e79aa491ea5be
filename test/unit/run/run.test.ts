import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../../sdk/progress/event.ts";
import { Run, type RunContext } from "../../../sdk/run/run.ts";

const notice: RunEvent = { type: "notice", at: 0, level: "info", message: "here" };

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

describe("Run", () => {
  test("starts at once, is awaited and iterated", async () => {
    let started = false;
    const run = new Run(async ({ emit }) => {
      started = true;
      emit(notice);
      return 42;
    });
    expect(started).toBe(true);
    const events: RunEvent[] = [];
    for await (const event of run) events.push(event);
    expect(events).toEqual([notice]);
    expect(await run).toBe(42);
  });

  test("leaving the loop detaches the reader and lets the run go on", async () => {
    const run = new Run(async ({ emit }) => {
      emit(notice);
      emit(notice);
      return "done";
    });
    for await (const _ of run) break;
    expect(await run.result).toBe("done");
  });

  test("cancel() rejects with RUN_CANCELED", async () => {
    const run = new Run(({ signal }) => untilAborted(signal));
    run.cancel();
    await expect(run).rejects.toMatchObject({ code: "RUN_CANCELED" });
  });

  test("the caller's signal rejects with the caller's own reason", async () => {
    const controller = new AbortController();
    const run = new Run(({ signal }) => untilAborted(signal), controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(run.result).rejects.toBe(reason);
  });

  test("the reason is not hidden by the error that node makes of an abort", async () => {
    const controller = new AbortController();
    const sleeping = ({ signal }: RunContext) => sleep(60_000, undefined, { signal });
    const run = new Run(sleeping, controller.signal);
    controller.abort("enough");
    await expect(run.result).rejects.toBe("enough");
  });

  test("a signal that fired before nothing starts", async () => {
    let started = false;
    const run = new Run(
      async () => {
        started = true;
      },
      AbortSignal.abort(new Error("too late")),
    );
    await expect(run.result).rejects.toThrow("too late");
    expect(started).toBe(false);
  });

  test("a failure that nobody looks at surfaces", async () => {
    const unhandled: unknown[] = [];
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (reason) => unhandled.push(reason));
    try {
      const failure = new Error("nobody looked");
      new Run(async () => {
        throw failure;
      });
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(unhandled).toEqual([failure]);
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const listener of listeners) process.on("unhandledRejection", listener);
    }
  });

  test("iterating marks a failure as handled, and still tells it to whoever awaits", async () => {
    const run = new Run(async () => {
      throw new Error("failed");
    });
    for await (const _ of run);
    await expect(run).rejects.toThrow("failed");
  });
});
