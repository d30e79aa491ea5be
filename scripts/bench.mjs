#!/usr/bin/env node
// Runs the measurements of bench/, all or those named, one after the other. They print figures and prove nothing.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { PROJECT_DIRECTORY } from "./project-files.mjs";

const folder = join(PROJECT_DIRECTORY, "bench");
const programs = readdirSync(folder).filter((file) => /\.bench\.(?:ts|mjs)$|^[a-z-]+\.(?:ts|mjs)$/.test(file));
const wanted = process.argv.slice(2);
for (const file of programs.sort()) {
  const name = basename(file).replace(/\.m?[jt]s$/, "");
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n── ${name}`);
  const { status } = spawnSync(process.execPath, ["--import", "tsx", join(folder, file)], {
    cwd: PROJECT_DIRECTORY,
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
