import { expect, it } from "vitest";
import { createShared } from "../../../sdk/core/shared.ts";

it("gives the same value to those who use it at the same time, and another one afterwards", async () => {
  const shared = createShared<{ readonly number: number }>();
  let created = 0;
  const create = () => {
    created += 1;
    return { number: created };
  };
  let leave = (): void => {};
  const first = shared.with("a", create, async ({ number }) => {
    await new Promise<void>((resolve) => {
      leave = resolve;
    });
    return number;
  });
  expect(await shared.with("a", create, async ({ number }) => number)).toBe(1);
  expect(await shared.with("b", create, async ({ number }) => number)).toBe(2);
  leave();
  expect(await first).toBe(1);
  expect(await shared.with("a", create, async ({ number }) => number)).toBe(3);
});

it("forgets a value whose users fail", async () => {
  const shared = createShared<number>();
  const reason = new Error("no");
  await expect(
    shared.with(
      "a",
      () => 1,
      () => Promise.reject(reason),
    ),
  ).rejects.toBe(reason);
  expect(
    await shared.with(
      "a",
      () => 2,
      async (value) => value,
    ),
  ).toBe(2);
});
