/**
 * What kitsmith adds to the build of one package, with its modules loaded: from the call to the result, less the time from
 * the first vertex that the engine began to its answer that the image is pushed, which comes some 20 ms after the last vertex:
 * it writes its history first. Needs the test programs and root.
 */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pkg } from "../sdk/index.ts";
import { startDockerRegistry } from "../test/engines/docker-registry.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { runClient } from "./harness/client-process.ts";
import { createSide, sampleOf, takeTurns } from "./harness/measurement.ts";
import { createPackageSet } from "./harness/packages.ts";
import { reportTime } from "./harness/results.ts";
import { createScratch } from "./harness/scratch.ts";

/** Builds of a process: those before the last few load its modules. */
const BUILDS = { before: 3, measured: 5 };

const [role, directory = "", organisation = "", address = ""] = process.argv.slice(2);
if (role === "client") await client();
else await compare();

async function compare(): Promise<void> {
  using scratch = createScratch();
  await using registry = await startDockerRegistry();
  await using engine = await startBuildkitd();
  const added = createSide(async (round) => {
    const place = join(scratch.path, `${round}`);
    return (await runClient("overhead", place, `${registry.host}/overhead-${round}`, engine.address)).timeMs;
  });
  await takeTurns([added], { rounds: 7 });
  reportTime("overhead of one build and push", sampleOf(added.outcomes), { limit: 120, aim: 60 });
}

async function client(): Promise<void> {
  for (let build = 0; build < BUILDS.before; build += 1) await overhead(`before-${build}`);
  const times: number[] = [];
  for (let build = 0; build < BUILDS.measured; build += 1) times.push(await overhead(`measured-${build}`));
  console.log(sampleOf(times).medianMs);
}

async function overhead(salt: string): Promise<number> {
  const set = createPackageSet({ directory: join(directory, salt), count: 1, salt: `${directory} ${salt}` });
  const package_ = pkg(join(set.repository, "pkg/package-0")).org(organisation).engines(address);
  const start = performance.now();
  const run = package_.platforms("linux/amd64").push({ cacheDirectory: join(directory, "cache") });
  await run;
  const wall = performance.now() - start;
  const times: number[] = [];
  for await (const event of run.events()) {
    if (event.type === "vertex" && event.startedAt !== undefined) times.push(event.startedAt);
    if (event.type === "node.finished") times.push(event.at);
  }
  return wall - (Math.max(...times) - Math.min(...times));
}
