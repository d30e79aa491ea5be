import { expect, it } from "vitest";
import { createLargestFiles } from "../../../../sdk/wire/fsutil/largest-files.ts";

it("keeps the ten largest, equal ones in the order of their paths", () => {
  const largest = createLargestFiles();
  for (let index = 0; index < 100; index += 1) {
    const number = (index * 37) % 100;
    largest.add({ path: `f${String(number).padStart(2, "0")}`, sizeBytes: Math.floor(number / 4) });
  }
  expect(largest.list().map(({ path }) => path)).toEqual([
    ...["f96", "f97", "f98", "f99", "f92", "f93", "f94", "f95", "f88", "f89"],
  ]);
});
