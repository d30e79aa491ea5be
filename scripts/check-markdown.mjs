#!/usr/bin/env node
// Compiles every TypeScript block of the documents against the declarations that are published: a user who copies
// one gets what it says. Also checks that the files that documents link to are there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { listFiles, PROJECT_DIRECTORY } from "./project-files.mjs";

const scratch = join(PROJECT_DIRECTORY, ".kitsmith/markdown");
const problems = [];
const blocks = [];

for (const file of listFiles().filter((name) => name.endsWith(".md"))) {
  const text = readFileSync(join(PROJECT_DIRECTORY, file), "utf8");
  for (const match of text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
    blocks.push({ file, line: text.slice(0, match.index).split("\n").length + 1, source: match[1] ?? "" });
  }
  for (const [, target = ""] of text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)\s]+)\)/g)) {
    const path = target.split("#")[0] ?? "";
    if (path === "" || /^[a-z]+:/.test(path)) continue;
    if (!existsSync(join(PROJECT_DIRECTORY, dirname(file), path))) problems.push(`${file}: ${target} is not there`);
  }
}

rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
const names = blocks.map(({ file, line, source }) => {
  const name = `${file.replaceAll(/[^A-Za-z0-9]+/g, "-")}-line-${line}.ts`;
  writeFileSync(join(scratch, name), `${source}\nexport {};\n`);
  return name;
});
const config = { extends: "../../test/types/tsconfig.json", include: names };
writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify(config));
const tsc = join(PROJECT_DIRECTORY, "node_modules/typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", scratch], { cwd: PROJECT_DIRECTORY, stdio: "inherit" });
if (status !== 0) problems.push("some blocks do not compile: see above");

for (const problem of problems) console.error(problem);
console.log(`${blocks.length} blocks, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
