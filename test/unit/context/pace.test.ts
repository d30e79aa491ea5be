import { expect, test } from "vitest";
import { createPace } from "../../../sdk/context/pace.ts";

test("a file system is quick until many calls together were slow, and is tried again later", () => {
  const pace = createPace();
  pace.took(1, 100);
  expect(pace.isQuick).toBe(true);
  pace.took(1000, 10);
  expect(pace.isQuick).toBe(true);
  pace.took(300, 3000);
  expect(pace.isQuick).toBe(false);
  for (let round = 0; round < 8; round += 1) pace.took(300, 3000);
  expect(pace.isQuick).toBe(true);
});

test("a file system that takes very long for a few calls is slow at once", () => {
  const pace = createPace();
  pace.took(20, 100);
  expect(pace.isQuick).toBe(false);
});
