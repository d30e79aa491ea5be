import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { withStartLock } from "../../../../sdk/engine/lifecycle/start-lock.ts";

test("one holder at a time", async () => {
  const name = randomUUID();
  let holders = 0;
  let most = 0;
  const hold = (): Promise<void> =>
    withStartLock(name, async () => {
      holders += 1;
      most = Math.max(most, holders);
      await new Promise((resolve) => setTimeout(resolve, 20));
      holders -= 1;
    });
  await Promise.all([hold(), hold(), hold()]);
  expect(most).toBe(1);
});

test("a failure frees it", async () => {
  const name = randomUUID();
  const failure = new Error("as thrown");
  await expect(withStartLock(name, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(await withStartLock(name, () => Promise.resolve("free"))).toBe("free");
});

test("waiting for it ends with the signal's reason", async () => {
  const name = randomUUID();
  const controller = new AbortController();
  await withStartLock(name, async () => {
    const waiting = withStartLock(name, () => Promise.resolve(), { signal: controller.signal });
    controller.abort("stop");
    await expect(waiting).rejects.toBe("stop");
  });
});
