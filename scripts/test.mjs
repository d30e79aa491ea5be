#!/usr/bin/env node
// Runs all tests, and sets up what they need. Names on the command line choose suites. Plain Node: it also runs
// where nothing is installed yet. The last line is `N passed, N failed, N skipped`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { areDependenciesInstalled, installDependencies } from "./quickstart/dependencies.mjs";

const directory = join(dirname(fileURLToPath(import.meta.url)), "..");
const ENGINES = ["--config", "vitest.integration.config.ts"];
const SOAK = ["--config", "vitest.soak.config.ts"];
const EXAMPLES = "test/integration/examples/**";

/** In the order in which they run: the quick ones first. `soak` runs only when it is named. */
const SUITES = [
  { name: "unit", folder: "test/unit" },
  { name: "contract", folder: "test/contract" },
  { name: "conformance", folder: "test/conformance" },
  { name: "package", folder: "test/package", parameters: ["--config", "vitest.package.config.ts"], build: true },
  { name: "integration", folder: "test/integration", parameters: [...ENGINES, "--exclude", EXAMPLES], engines: true },
  { name: "examples", folder: "test/integration/examples", parameters: ENGINES, engines: true },
  { name: "soak", folder: "test/soak", parameters: SOAK, engines: true, onRequest: true },
];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19))
  stop(`Node ${process.versions.node} is too old: 20.19 or newer is needed.`);

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!SUITES.some((suite) => suite.name === name)) {
    stop(`There is no suite ${name}; there are: ${SUITES.map((suite) => suite.name).join(", ")}.`);
  }
}
const suites = SUITES.filter((suite) =>
  wanted.length > 0 ? wanted.includes(suite.name) : suite.onRequest !== true && hasTests(suite),
);

if (!areDependenciesInstalled(directory)) {
  console.log("Installing the dependencies");
  await installDependencies(directory);
}
if (suites.some((suite) => suite.engines === true)) {
  console.log("Setting up engines, registries and readers (once per machine; needs Debian, root and Go)");
  if (run("node", ["test/engines/install.mjs"]) !== 0) stop("The set-up of the integration tests failed: see above.");
}

const reports = mkdtempSync(join(tmpdir(), "kitsmith-test-"));
const results = suites.map(runSuite);
rmSync(reports, { recursive: true, force: true });

console.log("\nsuite         minutes   passed   failed  skipped");
for (const { name, seconds, passed, failed, skipped } of results) {
  const figures = [(seconds / 60).toFixed(1), passed, failed, skipped].map((figure) => String(figure).padStart(9));
  console.log(`${name.padEnd(12)}${figures.join("")}`);
}
const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
process.exitCode = total("failed") > 0 || total("skipped") > 0 || total("passed") === 0 ? 1 : 0;
console.log(`${total("passed")} passed, ${total("failed")} failed, ${total("skipped")} skipped`);

function runSuite({ name, folder, parameters = [], build }) {
  console.log(`\n── ${name}`);
  const start = performance.now();
  const report = join(reports, `${name}.json`);
  const built = build !== true || run("node", ["node_modules/tsup/dist/cli-default.js", "--silent"]) === 0;
  const status = built
    ? run("node", [
        "node_modules/vitest/vitest.mjs",
        "run",
        `${folder}/`,
        ...parameters,
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${report}`,
      ])
    : 1;
  const counts = readReport(report);
  // A file that cannot be loaded, or a failed set-up, fails the suite without failing one of its tests.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return { name, seconds: (performance.now() - start) / 1000, ...counts };
}

function readReport(path) {
  if (!existsSync(path)) return { passed: 0, failed: 0, skipped: 0 };
  const report = JSON.parse(readFileSync(path, "utf8"));
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}

function hasTests({ folder }) {
  const path = join(directory, folder);
  return existsSync(path) && readdirSync(path).length > 0;
}

function run(command, parameters) {
  const program = command === "node" ? process.execPath : command;
  return spawnSync(program, parameters, { cwd: directory, stdio: "inherit" }).status ?? 1;
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
