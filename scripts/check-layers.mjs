#!/usr/bin/env node
// Checks who imports whom against scripts/layers.json, and that no module escaped the check.
import { createRequire } from "node:module";
import { cruise } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { listFiles } from "./project-files.mjs";

const FOLDERS = ["sdk", "pipelines", "examples", "templates"];
const MODULE = /\.(?:ts|mts|mjs|js)$/;

const { forbidden, options } = createRequire(import.meta.url)("../.dependency-cruiser.cjs");
const files = listFiles().filter((file) => MODULE.test(file) && FOLDERS.includes(file.split("/")[0] ?? ""));
const { output } = await cruise(files, { ...options, ruleSet: { forbidden }, validate: true }, undefined, {
  tsConfig: extractTSConfig("tsconfig.json"),
});

const read = new Set(output.modules.map((module) => module.source));
const missed = files.filter((file) => !read.has(file));
const homeless = files.filter((file) => file.startsWith("sdk/") && !hasLayer(file));
for (const { rule, from, to } of output.summary.violations) console.error(`${from} → ${to}: ${rule.name}`);
for (const file of missed) console.error(`${file}: was not read`);
for (const file of homeless) console.error(`${file}: is in no layer of scripts/layers.json`);
const problems = output.summary.violations.length + missed.length + homeless.length;
console.log(`${files.length} modules, ${output.summary.totalDependenciesCruised ?? 0} imports, ${problems} problems`);
process.exitCode = problems === 0 && files.length > 0 ? 0 : 1;

function hasLayer(file) {
  const layers = createRequire(import.meta.url)("./layers.json");
  return layers.some((layer) => new RegExp(`^sdk/${layer.path}`).test(file));
}
