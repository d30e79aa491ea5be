import { builtinModules } from "node:module";
import type { Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/**
 * Loads Node's own modules where they are used first, not when the program starts.
 *
 * An import statement of a bundle is hoisted, even that of a part which is never run.
 */
export const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup: (build) => {
    const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    build.onResolve({ filter: /^(?:node:)?[a-z0-9_/]+$/ }, ({ path, namespace }) => {
      if (!names.has(path)) return undefined;
      if (namespace === "builtin") return { path, external: true };
      return { path: path.replace(/^node:/, ""), namespace: "builtin" };
    });
    build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = require("node:${path}");`,
    }));
  },
};

/**
 * Puts large dependencies into the bundle as text that is compiled on first use: code that is only there, but never
 * run, would still be parsed at each start, which takes longer than Node's own start.
 */
export function deferredPackages(packages: readonly string[]): Plugin {
  return {
    name: "deferred-packages",
    setup: (build) => {
      build.onResolve({ filter: /^[@a-z]/ }, ({ path, pluginData }) =>
        packages.includes(path) && pluginData !== "inside" ? { path, namespace: "deferred" } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: "deferred" }, async ({ path }) => {
        const bundled = await build.esbuild.build({
          stdin: { contents: `module.exports = require(${JSON.stringify(path)});`, resolveDir: process.cwd() },
          bundle: true,
          write: false,
          minify: true,
          format: "cjs",
          platform: "node",
          target: "node20.19",
          conditions: ["import", "module"],
          logLevel: "error",
        });
        return { contents: deferredModule(path, bundled.outputFiles[0]?.text ?? "") };
      });
    },
  };
}

function deferredModule(name: string, source: string): string {
  return `
    const { compileFunction } = require("node:vm");
    compileFunction(${JSON.stringify(source)}, ["module", "exports", "require"], { filename: ${JSON.stringify(`kitsmith:${name}`)} })
      (module, exports, require);
  `;
}
