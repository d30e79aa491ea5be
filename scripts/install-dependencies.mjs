import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Installs what the lock file says, where it is not there yet. True if the dependencies are there then.
 *
 * Not by `npm ci`: that also asks for the entries of other systems' binaries, and a lock file that was written behind a
 * registry without them has none. `npm install --no-save` takes the same versions and leaves the lock file alone.
 */
export function installDependencies(directory) {
  if (isInstalled(directory)) return true;
  console.log("Installing the dependencies: npm install --no-save");
  const { status } = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund"], {
    cwd: directory,
    stdio: "inherit",
  });
  return status === 0 && isInstalled(directory);
}

function isInstalled(directory) {
  const wanted = readPackages(join(directory, "package-lock.json"));
  const present = readPackages(join(directory, "node_modules/.package-lock.json"));
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional, peer, link }]) =>
      path === "" || link === true || optional === true || peer === true || present[path]?.version === version,
  );
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return undefined;
  }
}
