#!/usr/bin/env node
// Runs the measurements of bench/, all or those named, one after the other, and writes what they gave to .bench/: as JSON
// (results.json) and as a page (index.html). They prove nothing but speed: a figure above its limit fails nothing.
// bench/README.md tells more.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { register } from "tsx/esm/api";
import { PROJECT_DIRECTORY } from "./project-files.mjs";

const folder = join(PROJECT_DIRECTORY, "bench");
const output = process.env.KITSMITH_BENCH_OUTPUT || join(PROJECT_DIRECTORY, ".bench");
const size = process.env.KITSMITH_BENCH_SIZE || "full";
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
buildProgram();
const failed = (wanted.length > 0 ? wanted : known).filter((name) => !runBench(name));
await writeReport();
if (failed.length > 0) {
  console.error(`Benches that did not come to their end: ${failed.join(", ")}`);
  process.exitCode = 1;
}

/** Some benches measure what is published: it must be there, and not be older than the sources where figures count. */
function buildProgram() {
  const program = join(PROJECT_DIRECTORY, "dist/cli.js");
  if (existsSync(program) && (size === "small" || statSync(program).mtimeMs > newestSourceMs())) return;
  console.log("Building what is published");
  const { status } = spawnSync("npm", ["run", "--silent", "build"], { cwd: PROJECT_DIRECTORY, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

function newestSourceMs() {
  const sources = readdirSync(join(PROJECT_DIRECTORY, "sdk"), { recursive: true });
  return Math.max(...sources.map((file) => statSync(join(PROJECT_DIRECTORY, "sdk", file)).mtimeMs));
}

function runBench(name) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync(process.execPath, ["--import", "tsx", join(folder, `${name}.ts`)], {
    cwd: PROJECT_DIRECTORY,
    stdio: "inherit",
    env: { ...process.env, KITSMITH_BENCH_RESULTS: lines },
  });
  return status === 0;
}

async function writeReport() {
  register();
  const { machineFacts } = await import("../bench/harness/machine.ts");
  const { formatReportPage } = await import("../bench/harness/report-page.ts");
  const text = existsSync(lines) ? readFileSync(lines, "utf8").trim() : "";
  const results = text === "" ? [] : text.split("\n").map((line) => JSON.parse(line));
  const report = { at: new Date().toISOString(), size, machine: machineFacts(), results, failed };
  writeFileSync(join(output, "results.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(output, "index.html"), formatReportPage(report));
  console.log(`\n${results.length} results: ${join(output, "results.json")}, ${join(output, "index.html")}`);
}
