#!/usr/bin/env node
// Committed files name no package registry's host and no path of the machine they were written on,
// and the lock file no address at all: so they mean the same everywhere.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles, PROJECT_DIRECTORY } from "./project-files.mjs";

const host = (...labels) => labels.join(".");
const FORBIDDEN = [
  host("registry", "npmjs", "org"),
  host("registry", "yarnpkg", "com"),
  host("npm", "pkg", "github", "com"),
  host("proxy", "golang", "org"),
  host("sum", "golang", "org"),
  host("deb", "debian", "org"),
  host("archive", "ubuntu", "com"),
  ["", "work", "main"].join("/"),
  ["", "work", "shared"].join("/"),
  ["", "tmp", "bash_jobs"].join("/"),
];

const problems = [];
for (const file of listFiles()) {
  const text = readFileSync(join(PROJECT_DIRECTORY, file), "latin1");
  for (const forbidden of FORBIDDEN) if (text.includes(forbidden)) problems.push(`${file}: names ${forbidden}`);
  if (file.endsWith("package-lock.json") && /"resolved": "(?:https?|git)/.test(text)) {
    problems.push(`${file}: holds addresses; .npmrc must say omit-lockfile-registry-resolved=true`);
  }
}
for (const problem of problems) console.error(problem);
console.log(`${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
