import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** What the quickstart loads, and the registry's process, which is looked for beside it. */
const ENTRIES = {
  index: "sdk/index.ts",
  "embedded-registry": "sdk/run/machine/embedded-registry.ts",
  "own-engine": "sdk/engine/lifecycle/own-engine.ts",
  "registry-process": "sdk/testing/registry-process.ts",
};
/** Dependencies written as CommonJS call require. */
const BANNER = [
  'import { createRequire as createSdkRequire } from "node:module";',
  "const require = createSdkRequire(import.meta.url);",
].join("\n");

/**
 * Compiles the SDK's sources with their dependencies, once per state of them, and gives the directory: a hundred small
 * modules that are compiled when they are loaded take longer than all that a run with nothing to do does.
 */
export async function compileSdk(checkout, parent) {
  const directory = join(parent, sourcesHash(checkout));
  if (existsSync(directory)) return directory;
  const { build } = await import("esbuild");
  const making = `${directory}.${process.pid}`;
  await mkdir(parent, { recursive: true });
  const older = await readdir(parent);
  await build({
    absWorkingDir: checkout,
    entryPoints: ENTRIES,
    outdir: making,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    banner: { js: BANNER },
    logLevel: "error",
  });
  // Another run may have been quicker.
  if (existsSync(directory)) await rm(making, { recursive: true });
  else await rename(making, directory);
  await Promise.all(older.map((name) => rm(join(parent, name), { recursive: true, force: true })));
  return directory;
}

/** Changes with any file that goes in, and with the versions of the dependencies. */
function sourcesHash(checkout) {
  const hash = createHash("sha256").update(process.version);
  const add = (path, { mtimeMs, size }) => hash.update(`${path}\0${mtimeMs}\0${size}\n`);
  const walk = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      else add(path, statSync(path));
    }
  };
  walk(join(checkout, "sdk"));
  for (const name of ["package.json", "package-lock.json", "scripts/quickstart/compiled-sdk.mjs"])
    add(name, statSync(join(checkout, name)));
  return hash.digest("hex").slice(0, 12);
}
