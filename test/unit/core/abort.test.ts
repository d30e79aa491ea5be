import { expect, test } from "vitest";
import { delay, raceAbort, withDeadline } from "../../../sdk/core/abort.ts";

const REASON = { because: "of this" };

test("a promise settles as it would without a signal that fires", async () => {
  const { signal } = new AbortController();
  expect(await raceAbort(Promise.resolve(1), signal)).toBe(1);
  await expect(raceAbort(Promise.reject(REASON), signal)).rejects.toBe(REASON);
});

test.each([
  ["before", 0],
  ["later", 5],
])(
  "of a signal that fires %s the reason is told, and what the work says afterwards is nobody's",
  async (_, afterMs) => {
    const controller = new AbortController();
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    try {
      let fail: (cause: unknown) => void = () => {};
      const work = new Promise<never>((_resolve, reject) => (fail = reject));
      if (afterMs === 0) controller.abort(REASON);
      else setTimeout(() => controller.abort(REASON), afterMs);
      await expect(raceAbort(work, controller.signal)).rejects.toBe(REASON);
      fail("too late");
      await delay(10);
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", listen);
    }
  },
);

test("an action has its time, and hears when that is over or nobody waits any more", async () => {
  const late = () => REASON;
  const wait = (signal: AbortSignal) => delay(60_000, signal);
  expect(await withDeadline({ timeoutMs: 60_000, late }, async () => 1)).toBe(1);
  await expect(withDeadline({ timeoutMs: 1, late }, wait)).rejects.toBe(REASON);
  const gone = AbortSignal.abort("gone");
  await expect(withDeadline({ signal: gone, timeoutMs: 60_000, late }, wait)).rejects.toBe("gone");
});
