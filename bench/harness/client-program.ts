import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const BENCHES = join(import.meta.dirname, "..");
/** Within the project, so that its dependencies are found. */
const CACHE = join(BENCHES, "../node_modules/.cache/kitsmith-bench");

const programs = new Map<string, Promise<string>>();

/** A bench as plain JavaScript, as it would be published: a loader of TypeScript has memory and start-up time of its own. */
export function clientProgram(bench: string): Promise<string> {
  const known = programs.get(bench);
  if (known !== undefined) return known;
  const program = bundle(bench);
  programs.set(bench, program);
  return program;
}

async function bundle(bench: string): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const outdir = mkdtempSync(join(CACHE, `${bench}-`));
  process.once("exit", () => rmSync(outdir, { recursive: true, force: true }));
  await build({
    entryPoints: [join(BENCHES, `${bench}.ts`)],
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // What is imported lazily is loaded lazily.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    conditions: ["kitsmith-source"],
    logLevel: "error",
  });
  return join(outdir, `${bench}.mjs`);
}
