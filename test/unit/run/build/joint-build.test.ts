import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLimiter } from "../../../../sdk/core/concurrency.ts";
import { createJointBuilds } from "../../../../sdk/run/build/joint-build.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Builds that tell whether they have a seat with others. */
function begin(size: number, limit = createLimiter(4)) {
  const told: string[] = [];
  const builds = createJointBuilds(size, limit);
  const run = (index: number) =>
    builds[index]?.run(async (seat) => {
      told.push(`${index} ${seat === undefined ? "alone" : "together"}`);
      seat?.leave();
    });
  return { told, builds, run };
}

test("those who are ready at the same time are together", async () => {
  const { told, run } = begin(2);
  const first = run(0);
  await vi.advanceTimersByTimeAsync(50);
  expect(told).toEqual([]);
  await Promise.all([first, run(1)]);
  expect(told).toEqual(["0 together", "1 together"]);
});

test("who is ready does not wait long, nor for one that has left", async () => {
  const late = begin(3);
  const two = [late.run(0), late.run(1)];
  await vi.advanceTimersByTimeAsync(100);
  await Promise.all(two);
  await late.run(2);
  expect(late.told).toEqual(["0 together", "1 together", "2 alone"]);
  const left = begin(2);
  left.builds[1]?.leave();
  left.builds[1]?.leave();
  await left.run(0);
  expect(left.told).toEqual(["0 alone"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what a build gives, and why it failed, is its own", async () => {
  const builds = createJointBuilds(2, createLimiter(2));
  const failure = new TypeError("as asked");
  const ends = await Promise.allSettled([
    builds[0]?.run(() => Promise.reject(failure)),
    builds[1]?.run(async () => "made"),
  ]);
  expect(ends).toEqual([
    { status: "rejected", reason: failure },
    { status: "fulfilled", value: "made" },
  ]);
});
