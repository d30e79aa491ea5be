/**
 * How much processor time and memory a graph takes from the first call to the bytes, beside BuildKit's own Go client,
 * each in a process of its own; and what it costs to remember call sites, which Go's client does not do. Go is quadratic
 * in the depth: its chains stay short. Needs what `npm run build` makes, and Go.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildOracle } from "../test/engines/llb-oracle/oracle.ts";
import { createSide, ratioOf, type Side, sampleOf, summaryOf, takeTurns } from "./harness/measurement.ts";
import { reportComparison, reportFigure, reportTime } from "./harness/results.ts";
import { sized } from "./harness/size.ts";

interface Measurement {
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly digest: string;
}

const LARGEST = sized(100_000, 300);
const SHAPES: readonly (readonly [shape: string, size: number])[] = [
  ["merged", sized(1_000, 30)],
  ["merged", sized(10_000, 100)],
  ["merged", LARGEST],
  ["chain", sized(3_000, 30)],
  ["diamonds", sized(3_000, 30)],
];

const oracle = await buildOracle();
for (const [shape, size] of SHAPES) await compare(shape, size, size === LARGEST ? { limit: 1.5 } : {});
await growth();
await recipe();

async function compare(shape: string, size: number, goal: { readonly limit?: number }): Promise<void> {
  const ours = createSide(() => measureOurs(shape, size));
  const sites = createSide(() => measureOurs(shape, size, "sites"));
  const theirs = createSide(() => measureGo(shape, size));
  await takeTurns([ours, theirs, sites]);
  expectSameBytes([ours, theirs]);
  const what = `${shape}, ${size} steps`;
  const peer = { name: "Go", ...timeOf(theirs) };
  reportComparison({ what: `${what}, processor time`, ours: timeOf(ours), peer, ...goal });
  reportComparison({ what: `${what}, with call sites`, ours: timeOf(sites), peer });
  const { value, spread } = ratioOf(memoryOf(ours), memoryOf(theirs));
  reportFigure({ what: `${what}, memory, to Go's`, value, spread, unit: "×", ...goal });
  const { median, range } = summaryOf(memoryOf(ours).map((bytes) => bytes / 1e6));
  reportFigure({ what: `${what}, memory`, value: median, spread: range, unit: "MB" });
}

/** Ten times the depth. */
async function growth(): Promise<void> {
  const short = createSide(() => measureOurs("chain", LARGEST / 10));
  const long = createSide(() => measureOurs("chain", LARGEST));
  await takeTurns([short, long], { rounds: 3 });
  const ratio = ratioOf(
    long.outcomes.map(({ cpuMs }) => cpuMs),
    short.outcomes.map(({ cpuMs }) => cpuMs),
  );
  reportFigure({ what: `chain, ${LARGEST} steps to a tenth of them (10 is linear)`, ...ratio, unit: "×" });
}

async function recipe(): Promise<void> {
  const without = createSide(() => measureOurs("recipe", 10));
  const sites = createSide(() => measureOurs("recipe", 10, "sites"));
  await takeTurns([without, sites]);
  reportTime("recipe of ten steps", timeOf(without), { limit: 1 });
  reportTime("recipe of ten steps, with call sites", timeOf(sites));
}

async function measureOurs(shape: string, size: number, capture: "sites" | "none" = "none"): Promise<Measurement> {
  const program = join(import.meta.dirname, "llb/graphs.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [program, shape, String(size), capture]);
  return JSON.parse(stdout);
}

async function measureGo(shape: string, size: number): Promise<Measurement> {
  const { stdout } = await promisify(execFile)(oracle, ["bench", shape, String(size)]);
  const [cpuMs, memoryBytes, digest = ""] = stdout.trim().split(" ");
  return { cpuMs: Number(cpuMs), memoryBytes: Number(memoryBytes), digest };
}

function expectSameBytes(sides: readonly Side<Measurement>[]): void {
  const digests = new Set(sides.flatMap(({ outcomes }) => outcomes.map(({ digest }) => digest)));
  if (digests.size !== 1) throw new Error(`The graphs differ: ${[...digests].join(", ")}`);
}

function timeOf({ outcomes }: Side<Measurement>) {
  return sampleOf(outcomes.map(({ cpuMs }) => cpuMs));
}

function memoryOf({ outcomes }: Side<Measurement>): readonly number[] {
  return outcomes.map(({ memoryBytes }) => memoryBytes);
}
