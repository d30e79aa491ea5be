import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

/** True if npm installed what the lock file names, and the lock file is no newer. */
export function areDependenciesInstalled(checkout) {
  const installed = join(checkout, "node_modules/.package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(checkout, "package-lock.json")).mtimeMs;
}

/**
 * Installs the versions that the lock file names, and leaves that file alone. Not `npm ci`, which fails where a registry
 * lacks the optional packages of other platforms.
 */
export async function installDependencies(checkout, signal) {
  const child = spawn("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: checkout,
    stdio: ["ignore", "ignore", "inherit"],
    signal,
  });
  await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`npm install ended with ${code}`))));
  });
}
