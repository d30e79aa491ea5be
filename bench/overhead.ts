/**
 * What kitsmith adds to the build of one package, with its modules loaded: from the call to the result, less the time from
 * the first vertex that the engine began to its answer that the image is pushed, which comes some 20 ms after the last vertex:
 * it writes its history first. Needs the test programs and root.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pkg } from "../sdk/index.ts";
import { startDockerRegistry } from "../test/engines/docker-registry.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { createSide, sampleOf, takeTurns } from "./harness/measurement.ts";
import { createPackageSet } from "./harness/packages.ts";
import { reportTime } from "./harness/results.ts";

const root = mkdtempSync(join(tmpdir(), "kitsmith-bench-"));
await using registry = await startDockerRegistry();
await using engine = await startBuildkitd();
try {
  for (const count of [1, 2, 3]) await overhead(`warm-up-${count}`);
  const added = createSide((round) => overhead(`round-${round}`));
  await takeTurns([added], { rounds: 9 });
  reportTime("overhead of one build and push", sampleOf(added.outcomes), { limit: 120, aim: 60 });
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function overhead(salt: string): Promise<number> {
  const set = createPackageSet({ directory: join(root, salt), count: 1, salt });
  const package_ = pkg(join(set.repository, "pkg/package-0")).org(`${registry.host}/overhead`).engines(engine.address);
  const start = performance.now();
  const run = package_.platforms("linux/amd64").push({ cacheDirectory: join(root, "cache") });
  await run;
  const wall = performance.now() - start;
  const times: number[] = [];
  for await (const event of run.events()) {
    if (event.type === "vertex" && event.startedAt !== undefined) times.push(event.startedAt);
    if (event.type === "node.finished") times.push(event.at);
  }
  return wall - (Math.max(...times) - Math.min(...times));
}
