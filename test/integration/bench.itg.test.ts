import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Report } from "../../bench/harness/report.ts";
import { createScratch } from "./run-fixture.ts";

// That every bench works, in seconds: with small inputs, one round, and figures that mean nothing.

const PROJECT = join(import.meta.dirname, "../..");
const benches = readdirSync(join(PROJECT, "bench"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => basename(file, ".ts"));

/** Sizes of the benches that take them by variables of their own. */
const SIZES = { FILES: "150", FILE_BYTES: "1024", LARGE_FILES: "0", LAYER_BYTES: "3000000", ROUNDS: "1" };
/** They may print what they measure without keeping it. */
const PRINTING = ["context", "context-sync"];

const figure = z.number().nonnegative();
const spread = z.tuple([figure, figure]).readonly();
const sample = z.strictObject({ medianMs: figure, fastestMs: figure, slowestMs: figure, rounds: z.int().positive() });
const said = { bench: z.string(), what: z.string().min(1), limit: figure.optional(), aim: figure.optional() };
const report: z.ZodType<Report> = z.strictObject({
  at: z.iso.datetime(),
  size: z.enum(["full", "small"]),
  machine: z.record(z.string(), z.string().min(1)),
  results: z.array(
    z.discriminatedUnion("kind", [
      z.strictObject({
        ...said,
        kind: z.literal("comparison"),
        ours: sample,
        peer: sample.extend({ name: z.string().min(1) }),
        ratio: figure,
        spread,
      }),
      z.strictObject({
        ...said,
        kind: z.literal("figure"),
        value: figure,
        unit: z.enum(["ms", "MB", "×"]),
        spread: spread.optional(),
      }),
    ]),
  ),
  failed: z.array(z.string()),
});

describe("benches", () => {
  it.each(benches)("%s comes to its end and writes a report", async (bench) => {
    await using scratch = await createScratch();
    const { status, output } = await runBench(bench, scratch.directory);
    expect(status, output).toBe(0);
    const { size, results, failed } = report.parse(
      JSON.parse(await readFile(join(scratch.directory, "results.json"), "utf8")),
    );
    expect(size).toBe("small");
    expect(failed).toEqual([]);
    if (!PRINTING.includes(bench)) expect(results.length).toBeGreaterThan(0);
    expect(results.filter((result) => result.bench !== bench)).toEqual([]);
    expect(await readFile(join(scratch.directory, "index.html"), "utf8")).toContain("<table>");
  });
});

async function runBench(
  bench: string,
  directory: string,
): Promise<{ readonly status: number; readonly output: string }> {
  const child = spawn(process.execPath, ["scripts/bench.mjs", bench], {
    cwd: PROJECT,
    env: {
      ...process.env,
      ...SIZES,
      KITSMITH_BENCH_SIZE: "small",
      KITSMITH_BENCH_OUTPUT: directory,
      KITSMITH_BENCH_DIR: directory,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const status = await new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  return { status, output };
}
