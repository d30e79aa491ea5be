import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Options } from "tsup";
import { type DeferredModules, deferred } from "./scripts/bundle-plugins.ts";

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
  // The embedded registry's process, started as a program.
  entries["registry-process"] = "sdk/testing/registry-process.ts";
  return entries;
}

const shared: Options = { format: "esm", platform: "node", target: "node20.19", outDir: "dist", sourcemap: true };

const library: Options = {
  ...shared,
  name: "library",
  entry: libraryEntries(),
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  // Of zod a tenth is used, and its own entry point loads a hundred files.
  noExternal: [/^zod\//],
  // What an earlier build left, but not the program: it is built at the same time.
  clean: ["!cli.js"],
  splitting: true,
  treeshake: true,
  // The sources lie beside, in the package.
  esbuildOptions: (options) => {
    options.sourcesContent = false;
  },
};

/** What a command loads when it runs, and within it the large dependencies, which few commands use. */
const PROGRAM: DeferredModules = {
  names: ["./program.ts"],
  inside: { names: ["@grpc/grpc-js", "execa", "smol-toml", "tar-stream", "yaml"] },
};

const texts = deferred(PROGRAM);

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
  esbuildPlugins: texts.plugins,
  onSuccess: () => texts.appendTo("dist/cli.js"),
  // Dependencies written as CommonJS call require; deferred modules ask where they are.
  banner: {
    js: [
      "#!/usr/bin/env node",
      'import { createRequire as createKitsmithRequire } from "node:module";',
      "const importMetaUrl = import.meta.url, require = createKitsmithRequire(importMetaUrl);",
    ].join("\n"),
  },
};

const configs: Options[] = existsSync("sdk/cli/main.ts") ? [library, program] : [library];

export default configs;
