/**
 * How soon something happens: the process (`kitsmith --version` beside `node -e 0`; build first), and, with modules
 * loaded, the time from the call to the first answer of an engine. Needs the test programs and root.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { startBuildkitd } from "../test/engines/test-engine.ts";

const ROUNDS = 11;
const program = join(import.meta.dirname, "..", "dist", "cli.js");

if (existsSync(program)) {
  const bare = processTime("-e", "0");
  const version = processTime(program, "--version");
  console.log(`node -e 0: ${ms(bare)}; kitsmith --version: ${ms(version)}; ratio ${(version / bare).toFixed(2)}`);
} else {
  console.log("kitsmith --version: not measured, there is no dist/cli.js (npm run build)");
}

await using engine = await startBuildkitd();
const { connectEngine } = await import("../sdk/engine/connect-engine.ts");
// What an engine needs is loaded on first use; here only the time after that counts.
await import("@grpc/grpc-js");
await import("../sdk/engine/open-engine.ts");
const first = await connectTime(connectEngine);
const later = await medianOf(() => connectTime(connectEngine));
console.log(`from the call to the first RPC answered: first ${ms(first)}, then ${ms(later)}`);

async function connectTime(connect: typeof connectEngine): Promise<number> {
  const start = performance.now();
  await using connected = await connect(engine.address);
  await connected.info();
  return performance.now() - start;
}

function processTime(...args: string[]): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    spawnSync(process.execPath, args);
    return performance.now() - start;
  });
  return middle(times);
}

async function medianOf(work: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push(await work());
  return middle(times);
}

function middle(times: readonly number[]): number {
  return [...times].sort((left, right) => left - right)[Math.floor(times.length / 2)] ?? 0;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
