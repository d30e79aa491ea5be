import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildOracle } from "../test/engines/llb-oracle/oracle.ts";

// How much processor time and memory a graph takes from the first call to the bytes, beside BuildKit's own Go client,
// each in a process of its own; and what it costs to remember call sites, which Go's client does not do. Measures what
// `npm run build` built. Go is quadratic in the depth: its chains stay short.

interface Measurement {
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly digest: string;
}

const RUNS: readonly (readonly [shape: string, sizes: readonly number[]])[] = [
  ["merged", [1_000, 10_000, 100_000]],
  ["chain", [1_000, 3_000]],
  ["diamonds", [1_000, 9_000]],
];

const oracle = await buildOracle();
console.log("shape | Go | kitsmith | time | memory | time with call sites to without | same bytes");
for (const [shape, sizes] of RUNS) for (const size of sizes) console.log(await compare(shape, size));
const [deep, deeper] = [await measure("chain", 10_000), await measure("chain", 100_000)];
console.log(`chain 10000 → 100000: ${(deeper.cpuMs / deep.cpuMs).toFixed(1)}× the time (10× is linear)`);
console.log(`A recipe of ten steps: ${await recipe()}`);

async function compare(shape: string, size: number): Promise<string> {
  const { stdout } = await promisify(execFile)(oracle, ["bench", shape, String(size)]);
  const [cpuMs = 0, memoryBytes = 0] = stdout.split(" ").map(Number);
  const ours = await measure(shape, size);
  const sites = await measure(shape, size, "sites");
  return [
    `${shape} ${size}`.padEnd(14),
    `${cpuMs.toFixed(0)} ms ${megabytes(memoryBytes)}`,
    `${ours.cpuMs.toFixed(0)} ms ${megabytes(ours.memoryBytes)}`,
    `${(ours.cpuMs / cpuMs).toFixed(2)}×`,
    `${(ours.memoryBytes / memoryBytes).toFixed(2)}×`,
    `${(sites.cpuMs / ours.cpuMs).toFixed(2)}×`,
    stdout.trim().endsWith(ours.digest) ? "yes" : "NO",
  ].join(" | ");
}

async function recipe(): Promise<string> {
  const [without, sites] = [await measure("recipe", 10), await measure("recipe", 10, "sites")];
  return `${without.cpuMs.toFixed(3)} ms, with call sites ${sites.cpuMs.toFixed(3)} ms`;
}

async function measure(shape: string, size: number, capture: "sites" | "none" = "none"): Promise<Measurement> {
  const program = join(import.meta.dirname, "llb/graphs.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [program, shape, String(size), capture]);
  return JSON.parse(stdout);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
