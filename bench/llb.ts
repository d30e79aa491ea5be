import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { llb, marshal, type State, withoutCallSites } from "../sdk/llb/index.ts";
import { buildOracle } from "../test/engines/llb-oracle/oracle.ts";

// How long a graph takes from the first call to the bytes, beside BuildKit's own Go client, each in a process of its
// own; with call sites as well, which Go's client does not have. Go is quadratic in the depth: its chains stay short.

interface Measurement {
  readonly timeMs: number;
  readonly memoryBytes: number;
  readonly digest: string;
}

const RUNS: readonly (readonly [shape: string, sizes: readonly number[]])[] = [
  ["merged", [1_000, 10_000, 100_000]],
  ["chain", [1_000, 3_000]],
  ["diamonds", [1_000, 9_000]],
];
const SHAPES: Readonly<Record<string, (count: number) => State>> = { merged, chain, diamonds };

const [, script = "", shape, count, sites] = process.argv;
if (shape === undefined) await compareAll();
else console.log(JSON.stringify(measure(shape, Number(count), sites === "sites")));

async function compareAll(): Promise<void> {
  const oracle = await buildOracle();
  console.log("shape | Go | kitsmith | time | memory | time with call sites to without | same bytes");
  for (const [name, sizes] of RUNS) {
    for (const size of sizes) console.log(await compareOne(oracle, name, size));
  }
  await printScaling();
}

async function compareOne(oracle: string, name: string, size: number): Promise<string> {
  const { stdout } = await promisify(execFile)(oracle, ["bench", name, String(size)]);
  const [timeMs = 0, memoryBytes = 0] = stdout.split(" ").map(Number);
  const ours = await measureApart(name, size, "none");
  const withSites = await measureApart(name, size, "sites");
  return [
    `${name} ${size}`.padEnd(18),
    `${timeMs.toFixed(0)} ms ${megabytes(memoryBytes)}`,
    `${ours.timeMs.toFixed(0)} ms ${megabytes(ours.memoryBytes)}`,
    `${(ours.timeMs / timeMs).toFixed(2)}×`,
    `${(ours.memoryBytes / memoryBytes).toFixed(2)}×`,
    `${(withSites.timeMs / ours.timeMs).toFixed(2)}×`,
    stdout.trim().split(" ")[2] === ours.digest ? "yes" : "NO",
  ].join(" | ");
}

/** Depth that Go's client does not reach in a sensible time, and the recipe of ten steps that most people have. */
async function printScaling(): Promise<void> {
  const deep = await measureApart("chain", 10_000, "none");
  const deeper = await measureApart("chain", 100_000, "none");
  console.log(`chain 10000 → 100000: ${(deeper.timeMs / deep.timeMs).toFixed(1)}× the time (10× is linear)`);
  measure("chain", 1_000, true);
  const started = performance.now();
  for (let run = 0; run < 100; run++) marshal(chain(10), { platform: "linux/amd64" });
  console.log(`a recipe of ten steps, with call sites: ${((performance.now() - started) / 100).toFixed(3)} ms`);
}

async function measureApart(name: string, size: number, capture: "sites" | "none"): Promise<Measurement> {
  const args = [...process.execArgv, script, name, String(size), capture];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

function measure(name: string, size: number, capture: boolean): Measurement {
  const make = SHAPES[name];
  if (make === undefined) throw new RangeError(`unknown shape ${name}`);
  const started = performance.now();
  const state = capture ? make(size) : withoutCallSites(() => make(size));
  const { ops } = marshal(state, { platform: "linux/amd64" });
  const timeMs = performance.now() - started;
  const hash = createHash("sha256");
  for (const op of ops) hash.update(op);
  return { timeMs, memoryBytes: process.resourceUsage().maxRSS * 1024, digest: hash.digest("hex") };
}

function step(state: State, name: string): State {
  return state.run(["/bin/echo", name]);
}

function merged(size: number): State {
  const base = llb.image("alpine");
  return llb.merge(Array.from({ length: size }, (_, index) => step(base, String(index))));
}

function chain(size: number): State {
  let state: State = llb.image("alpine");
  for (let index = 0; index < size; index++) state = step(state, String(index));
  return state;
}

function diamonds(size: number): State {
  let state: State = llb.image("alpine");
  for (let index = 0; index < Math.floor(size / 3); index++) {
    state = llb.merge([step(state, `left${index}`), step(state, `right${index}`)]);
  }
  return state;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
