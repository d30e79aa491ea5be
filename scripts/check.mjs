#!/usr/bin/env node
// Everything that must hold before a change goes in, but the tests. Names on the command line choose some.
import { spawnSync } from "node:child_process";
import { PROJECT_DIRECTORY } from "./project-files.mjs";

const CHECKS = [
  ["format", "biome", ["check", "--error-on-warnings"]],
  ["types", "tsc", ["-p", "."]],
  ["declarations", "tsc", ["-p", "tsconfig.sdk.json"]],
  ["source", "node", ["scripts/check-source.mjs"]],
  ["text", "node", ["scripts/check-text.mjs"]],
  ["layers", "node", ["scripts/check-layers.mjs"]],
  ["generated", "node", ["sdk/proto/generate.mjs", "--check"]],
  ["tables", "node", ["scripts/make-docs.mjs", "--check"]],
  ["docs", "typedoc", ["--emit", "none"]],
  ["dead code", "knip", []],
  ["build", "tsup", ["--silent"]],
  ["package", "publint", ["--strict"]],
  ["entry points", "attw", ["--pack", ".", "--profile", "esm-only", "--no-emoji"]],
  ["public types", "tsc", ["-p", "test/types"]],
  ["markdown", "node", ["scripts/check-markdown.mjs"]],
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !CHECKS.some(([known]) => known === name));
if (unknown.length > 0) {
  console.error(`no such check: ${unknown.join(", ")}; there are: ${CHECKS.map(([name]) => name).join(", ")}`);
  process.exit(2);
}

const results = [];
for (const [name, command, parameters] of CHECKS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n── ${name}`);
  const start = performance.now();
  const { status, error } = spawnSync(command, parameters, {
    cwd: PROJECT_DIRECTORY,
    stdio: "inherit",
    env: { ...process.env, PATH: `${PROJECT_DIRECTORY}/node_modules/.bin:${process.env.PATH}` },
  });
  if (error !== undefined) console.error(error.message);
  results.push([name, status === 0, (performance.now() - start) / 1000]);
}

console.log("");
for (const [name, passed, seconds] of results) {
  console.log(`${passed ? "ok    " : "FAILED"}  ${name.padEnd(14)} ${seconds.toFixed(1).padStart(6)} s`);
}
process.exitCode = results.every(([, passed]) => passed) ? 0 : 1;
