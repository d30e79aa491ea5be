import { expect, it } from "vitest";
import { createRequestQueue } from "../../../../sdk/wire/fsutil/request-queue.ts";

it("gives numbers in their order, each once", () => {
  const queue = createRequestQueue();
  const ids = Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 20_011);
  expect(queue.take()).toBeUndefined();
  for (const id of ids.slice(0, 10_000)) expect(queue.add(id)).toBe(true);
  const taken = ids.slice(0, 9000).map(() => queue.take());
  for (const id of ids.slice(10_000)) expect(queue.add(id)).toBe(true);
  expect(queue.add(ids[3] ?? 0)).toBe(false);
  expect(queue.add(2 ** 24)).toBe(true);
  for (let id = queue.take(); id !== undefined; id = queue.take()) taken.push(id);
  expect(taken).toEqual([...ids, 2 ** 24]);
});
