import { expect, test } from "vitest";
import { lazy } from "../../../sdk/core/lazy.ts";

test("loads when it is first asked for, once", async () => {
  let count = 0;
  const load = lazy(async () => {
    count += 1;
    return count;
  });
  expect(count).toBe(0);
  expect(await Promise.all([load(), load()])).toEqual([1, 1]);
  expect(await load()).toBe(1);
});

test("tries again after a failure", async () => {
  let count = 0;
  const load = lazy(async () => {
    count += 1;
    if (count === 1) throw new TypeError("as asked");
    return count;
  });
  await expect(load()).rejects.toThrow(TypeError);
  expect(await load()).toBe(2);
});
