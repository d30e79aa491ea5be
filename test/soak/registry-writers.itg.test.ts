import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openCache } from "../../sdk/oci/layout/cache.ts";
import { startRegistry } from "../../sdk/testing/registry.ts";
import { ARCHITECTURES, runWriters } from "../contract/registry-writers.ts";

const RUNS = 100;

test("ten writers that start and pause at random lose nothing, over a bad network, a hundred times", async () => {
  const directory = await mkdtemp(join(tmpdir(), "kitsmith-writers-"));
  const registry = await startRegistry({ directory: join(directory, "registry") });
  const cache = await openCache(join(directory, "cache"));
  const all = [...ARCHITECTURES].sort();
  try {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const written = await runWriters({ registry: registry.address, repository: `app-${seed}` }, cache, seed);
      expect({ seed, ...written }).toEqual({ seed, architectures: all, attested: all });
    }
  } finally {
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  }
});
