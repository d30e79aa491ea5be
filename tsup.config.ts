import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Options } from "tsup";
import { deferredPackages, lazyBuiltins } from "./scripts/bundle-plugins.ts";

/** The entry points are those that package.json exports from source; the command line is a program of its own. */
function libraryEntries(): Record<string, string> {
  const manifest: { exports: Record<string, string | Record<string, string>> } = JSON.parse(
    readFileSync("package.json", "utf8"),
  );
  const entries: Record<string, string> = {};
  for (const target of Object.values(manifest.exports)) {
    if (typeof target === "string") continue;
    const { "kitsmith-source": source, default: built } = target;
    if (source !== undefined && built !== undefined && existsSync(source)) entries[basename(built, ".js")] = source;
  }
  return entries;
}

const shared: Options = { format: "esm", platform: "node", target: "node20.19", outDir: "dist", sourcemap: true };

const library: Options = {
  ...shared,
  name: "library",
  entry: libraryEntries(),
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  // What an earlier build left, but not the program: it is built at the same time.
  clean: ["!cli.js"],
  splitting: true,
  treeshake: true,
};

/** One file with its dependencies inside; what it imports lazily is loaded on first use only. */
const program: Options = {
  ...shared,
  name: "cli",
  entry: { cli: "sdk/cli/main.ts" },
  sourcemap: false,
  minify: true,
  splitting: false,
  noExternal: [/.*/],
  removeNodeProtocol: false,
  esbuildPlugins: [lazyBuiltins, deferredPackages(["@grpc/grpc-js", "execa", "tar-stream", "yaml", "zod"])],
  // Dependencies written as CommonJS call require.
  banner: {
    js: '#!/usr/bin/env node\nimport { createRequire as kitsmithCreateRequire } from "node:module"; const require = kitsmithCreateRequire(import.meta.url);',
  },
};

const configs: Options[] = existsSync("sdk/cli/main.ts") ? [library, program] : [library];

export default configs;
