import { appendFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import type { Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/**
 * Loads Node's own modules where they are used first, not when the program starts.
 *
 * An import statement of a bundle is hoisted, even that of a part which is never run.
 */
const lazyBuiltins: Plugin = {
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

/** Modules that go into the bundle as text. */
export interface DeferredModules {
  /** As import statements name them. */
  readonly names: readonly string[];
  /** Those of the text itself. */
  readonly inside?: DeferredModules;
}

/** What is given to esbuild, and what it leaves to be done. */
export interface DeferredTexts {
  readonly plugins: Plugin[];
  /** Appends the texts to the program, once it is written. */
  appendTo(program: string): Promise<void>;
}

/**
 * Puts modules, with all that they import, into the bundle as text that is compiled on first use: code that is only
 * there, but never run, would still be parsed at each start, which takes longer than Node's own start. The texts stand
 * at the end of the file, a comment each, since a comment is what is passed over most quickly.
 */
export function deferred(modules: DeferredModules): DeferredTexts {
  const texts = new Map<string, string>();
  return {
    plugins: pluginsFor(modules, texts),
    appendTo: async (program) => {
      const lines = [...texts].sort(([left], [right]) => (left < right ? -1 : 1));
      const comments = lines.map(([name, text]) => `${comment(name)}${asLine(text)}`);
      await appendFile(program, `${comments.join("")}\n`);
    },
  };
}

function pluginsFor(modules: DeferredModules, texts: Map<string, string>): Plugin[] {
  const plugin: Plugin = {
    name: "deferred",
    setup: (build) => {
      build.onResolve({ filter: /./ }, ({ path, resolveDir }) =>
        modules.names.includes(path) ? { path, namespace: "deferred", pluginData: resolveDir } : undefined,
      );
      build.onLoad({ filter: /./, namespace: "deferred" }, async ({ path, pluginData }) => {
        const bundled = await build.esbuild.build({
          stdin: { contents: `module.exports = require(${JSON.stringify(path)});`, resolveDir: String(pluginData) },
          bundle: true,
          write: false,
          minify: true,
          format: "cjs",
          platform: "node",
          target: "node20.19",
          conditions: ["import", "module"],
          define: { "import.meta.url": "importMetaUrl" },
          logLevel: "error",
          plugins: modules.inside === undefined ? [lazyBuiltins] : pluginsFor(modules.inside, texts),
        });
        texts.set(path, bundled.outputFiles[0]?.text ?? "");
        return { contents: compileOnUse(path) };
      });
    },
  };
  return [plugin, lazyBuiltins];
}

function comment(name: string): string {
  return `\n//${name}:`;
}

/** What ends a line elsewhere than in JSON is escaped, too. */
function asLine(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/**
 * The text keeps the address of the program, so that files beside it are found and its own calls are known as such.
 * The banner of the bundle names it, as it names `require`: a module that says `import.meta` has no `module`.
 */
function compileOnUse(name: string): string {
  return `
    const { compileFunction, constants } = require("node:vm");
    const program = require("node:fs").readFileSync(new URL(importMetaUrl), "latin1");
    const start = program.lastIndexOf(${JSON.stringify(comment(name))}) + ${comment(name).length};
    const source = JSON.parse(program.slice(start, program.indexOf("\\n", start)));
    compileFunction(source, ["module", "exports", "require", "importMetaUrl"], {
      filename: importMetaUrl,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })(module, exports, require, importMetaUrl);
  `;
}
