#!/usr/bin/env node
// npm run quickstart: builds the sample packages for two architectures and publishes them, with whatever is there.
// Plain Node, because it runs before anything is installed. --timings prints how long each part took.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hubReachable, makeBaseImages, missingForBaseImages } from "./examples/base-images/base-images.mjs";
import { runSource } from "./scripts/quickstart/child.mjs";
import { areDependenciesInstalled, installDependencies } from "./scripts/quickstart/dependencies.mjs";
import { hasEngine, missingPrograms, obstacleToOwnEngine } from "./scripts/quickstart/machine.mjs";
import { updateSampleRepository } from "./scripts/quickstart/sample-repository.mjs";
import { createTimings } from "./scripts/quickstart/timings.mjs";

const checkout = dirname(fileURLToPath(import.meta.url));
const state = join(checkout, ".kitsmith");
const say = (line) => console.error(`quickstart: ${line}`);
const timings = createTimings();
const stop = new AbortController();
const { signal } = stop;
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));

try {
  process.exitCode = await quickstart();
} catch (error) {
  stop.abort(error);
  say(signal.reason.message);
  process.exitCode = 1;
}
if (process.argv.includes("--timings")) for (const line of timings.lines()) say(line);

async function quickstart() {
  const machine = await timings.measure("look at the machine", inspectMachine);
  if (machine.missing.length > 0) {
    say(`this machine lacks what the quickstart needs:\n${machine.missing.map((line) => `  - ${line}`).join("\n")}`);
    return 1;
  }
  const packages = updateSampleRepository(join(checkout, "examples/packages"), join(state, "quickstart"));
  const [layout] = await Promise.all([
    machine.baseImages ? timings.measure("base images", makeStandIns) : undefined,
    timings.measure("dependencies", install),
  ]);
  const { registry, env } = await timings.measure("registry and engine", () => prepare(machine, layout));
  const options = ["--registry", registry, ...(layout ? ["--offline"] : [])];
  return await timings.measure("release", () =>
    runSource(checkout, "pipelines/release.ts", [packages, ...options], { env, signal }),
  );
}

/** What is there, what has to be made, and what cannot be. */
async function inspectMachine() {
  const missing = missingPrograms();
  if (missing.length > 0) return { missing };
  const [hub, engine] = await Promise.all([hubReachable(), hasEngine()]);
  // An engine that others run does not know where the stand-ins are.
  const ownEngine = !engine || !hub;
  const obstacle = ownEngine ? obstacleToOwnEngine() : undefined;
  const reason = engine
    ? "no image registry answers, and an engine that can do without"
    : "no BuildKit or docker answers, and one";
  if (obstacle) {
    missing.push(`an engine: ${reason} cannot be started (${obstacle}). Start docker, or run as root on Debian`);
  }
  if (!hub) missing.push(...(await missingForBaseImages()).map((part) => `base images: ${part}`));
  return { missing, ownEngine, baseImages: !hub };
}

async function install() {
  if (areDependenciesInstalled(checkout)) return;
  say("installing the dependencies");
  await installDependencies(checkout, signal);
}

async function makeStandIns() {
  say("no image registry answers: the samples' base images are made from Debian's packages");
  return await makeBaseImages(join(state, "base-images"), { signal, onProgress: say });
}

async function prepare({ ownEngine }, layout) {
  const { prepareSurroundings } = await import("./scripts/quickstart/surroundings.mjs");
  return await prepareSurroundings({ registry: process.env.KITSMITH_REGISTRY, layout, ownEngine, signal, say });
}
