#!/usr/bin/env node
// Runs the measurements of bench/, all or those named, one after the other, and writes what they gave to .bench/: as JSON
// (results.json) and as a page (index.html). They prove nothing but speed: a figure above its limit fails nothing.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { register } from "tsx/esm/api";
import { PROJECT_DIRECTORY } from "./project-files.mjs";

const folder = join(PROJECT_DIRECTORY, "bench");
const output = join(PROJECT_DIRECTORY, ".bench");
const lines = join(output, "results.jsonl");

const known = readdirSync(folder)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => basename(file, ".ts"))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}; there are ${known.join(", ")}.`);
  process.exit(2);
}

mkdirSync(output, { recursive: true });
rmSync(lines, { force: true });
for (const name of wanted.length > 0 ? wanted : known) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync(process.execPath, ["--import", "tsx", join(folder, `${name}.ts`)], {
    cwd: PROJECT_DIRECTORY,
    stdio: "inherit",
    env: { ...process.env, KITSMITH_BENCH_RESULTS: lines },
  });
  if (status !== 0) process.exitCode = 1;
}
await writeReport();

async function writeReport() {
  register();
  const { machineFacts } = await import("../bench/harness/machine.ts");
  const { formatReportPage } = await import("../bench/harness/report-page.ts");
  const results = existsSync(lines)
    ? readFileSync(lines, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
    : [];
  const report = { at: new Date().toISOString(), machine: machineFacts(), results };
  writeFileSync(join(output, "results.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(output, "index.html"), formatReportPage(report));
  console.log(`\n${results.length} results: .bench/results.json, .bench/index.html`);
}
