import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildWriter, killWriters } from "../contract/writer-process.ts";

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kitsmith-killed-"));
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

test("writers that are killed a thousand times never leave a cache that is damaged or lost what was acknowledged", async () => {
  const program = await buildWriter(scratch);
  let killed = 0;
  for (let part = 1; part <= 20; part += 1) {
    killed += await killWriters(program, join(scratch, `cache-${part}`), 50, 1000 + part);
  }
  expect(killed).toBeGreaterThan(900);
});
