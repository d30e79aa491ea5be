import assert from "node:assert/strict";
import { pkg, type Run } from "kitsmith";

/** Runs that fail or are aborted, many times in one process, and what that leaves. */
const [directory = "", org = "", engine = "", cacheDirectory = ""] = process.argv.slice(2);
const WARM_UPS = 4;
const RUNS = 20;

const package_ = pkg(directory).org(org).engines(engine);

async function failsInSecret(): Promise<void> {
  const run = package_.secrets({ TOKEN: () => Promise.reject(new Error("shut")) }).push({ cacheDirectory });
  await assert.rejects(run.result, { code: "RUN_FAILED" });
}

async function isAbortedInStep(): Promise<void> {
  const run: Run<unknown> = package_.secrets({ TOKEN: async () => "token" }).push({ cacheDirectory });
  for await (const event of run) if (event.type === "log" && event.text.includes("up")) run.cancel();
  await assert.rejects(run.result, { code: "RUN_CANCELED" });
}

async function repeat(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await (index % 2 === 0 ? failsInSecret() : isAbortedInStep());
  await new Promise((resolve) => setTimeout(resolve, 500));
  globalThis.gc?.();
}

await repeat(WARM_UPS);
const [heapBytes, before] = [process.memoryUsage().heapUsed, process.getActiveResourcesInfo()];
await repeat(RUNS);
const grownBytes = process.memoryUsage().heapUsed - heapBytes;
process.stdout.write(JSON.stringify({ grownBytes, before, after: process.getActiveResourcesInfo() }));
