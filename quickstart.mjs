#!/usr/bin/env node
// npm run quickstart: builds the sample packages for two architectures and publishes them, with whatever is there.
// Plain Node, because it runs before anything is installed. --timings prints how long each part took.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  hasBaseImages,
  hubReachable,
  makeBaseImages,
  missingForBaseImages,
  pushLayout,
} from "./examples/base-images/base-images.mjs";
import { compileSdk } from "./scripts/quickstart/compiled-sdk.mjs";
import { areDependenciesInstalled, installDependencies } from "./scripts/quickstart/dependencies.mjs";
import { hasEngine, missingPrograms, obstacleToOwnEngine } from "./scripts/quickstart/machine.mjs";
import { runPipeline } from "./scripts/quickstart/pipeline.mjs";
import { updateSampleRepository } from "./scripts/quickstart/sample-repository.mjs";
import { startSurroundings } from "./scripts/quickstart/surroundings.mjs";
import { createTimings } from "./scripts/quickstart/timings.mjs";

const INTERRUPTED = 130;
const checkout = dirname(fileURLToPath(import.meta.url));
const state = join(checkout, ".kitsmith");
const standIns = join(state, "base-images");
const say = (line) => console.error(`quickstart: ${line}`);
const timings = createTimings();
// The pipeline gets arguments of its own.
const wantsTimings = process.argv.includes("--timings");
const stop = new AbortController();
const { signal } = stop;
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));

try {
  process.exitCode = await quickstart();
} catch (error) {
  process.exitCode = signal.aborted ? INTERRUPTED : 1;
  // What else is under way has no use any more.
  stop.abort(error);
  say(signal.reason.message);
}
if (wantsTimings) for (const line of timings.lines()) say(line);

async function quickstart() {
  const machine = await timings.measure("look at the machine", inspectMachine);
  // The programs that were asked may have been stopped, too.
  signal.throwIfAborted();
  if (machine.missing.length > 0) {
    say(`this machine lacks what the quickstart needs:\n${machine.missing.map((line) => `  - ${line}`).join("\n")}`);
    return 1;
  }
  const packages = updateSampleRepository(join(checkout, "examples/packages"), join(state, "quickstart"));
  const [layout, place] = await Promise.all([
    machine.baseImages ? timings.measure("base images", makeStandIns) : undefined,
    installAndStart(machine),
  ]);
  if (layout)
    await timings.measure("base images into the registry", () => pushLayout(layout, place.mirror, { signal }));
  signal.throwIfAborted();
  const status = await timings.measure("release", () =>
    runPipeline(join(checkout, "pipelines/release.ts"), [packages, "--registry", place.registry], { ...place, signal }),
  );
  for (const line of place.goesOn) say(line);
  return status;
}

/** What is there, what has to be made, and what cannot be. */
async function inspectMachine() {
  const missing = missingPrograms();
  if (missing.length > 0) return { missing };
  // Whoever made stand-ins before goes on with them.
  const madeBefore = hasBaseImages(standIns);
  const hub = !madeBefore && (await hubReachable());
  const engine = await hasEngine();
  // An engine that others run does not know where the stand-ins are.
  const ownEngine = !engine || !hub;
  const obstacle = ownEngine ? obstacleToOwnEngine() : undefined;
  const reason = engine
    ? "no image registry answers, and an engine that can do without"
    : "no BuildKit or docker answers, and one";
  if (obstacle) {
    missing.push(`an engine: ${reason} cannot be started (${obstacle}). Start docker, or run as root on Debian`);
  }
  if (!hub && !madeBefore) missing.push(...(await missingForBaseImages()).map((part) => `base images: ${part}`));
  return { missing, ownEngine, baseImages: !hub };
}

/** A registry to publish to and an engine to build with; what they are made of comes first. */
async function installAndStart({ ownEngine, baseImages }) {
  if (!areDependenciesInstalled(checkout)) {
    say("installing the dependencies");
    await timings.measure("dependencies", () => installDependencies(checkout, signal));
  }
  const sdk = await timings.measure("compiled sources", () => compileSdk(checkout, join(state, "sdk")));
  const registry = process.env.KITSMITH_REGISTRY;
  const place = await timings.measure("registry and engine", () =>
    startSurroundings({ sdk, registry, mirror: baseImages, ownEngine, signal, say }),
  );
  return { ...place, sdk };
}

async function makeStandIns() {
  if (!hasBaseImages(standIns))
    say("no image registry answers: the samples' base images are made from Debian's packages");
  return await makeBaseImages(standIns, { signal, onProgress: say });
}
