// Builds every package of a directory for two platforms and publishes them: tsx pipelines/release.ts DIRECTORY
// What is published already, under the tag that its content gives it, is left alone.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type FluentPackage, type PackageResult, pkgs, type RunResult } from "kitsmith";
import { runPipeline } from "./pipeline.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    // Where to publish, such as 127.0.0.1:5000. Default: where the packages' own names say.
    registry: { type: "string" },
    org: { type: "string", default: "acme" },
  },
});
const registry = values.registry ?? process.env.KITSMITH_REGISTRY;

await runPipeline(async (signal) => {
  let packages = pkgs(await findPackages(resolve(positionals[0] ?? "packages"))).platforms(
    "linux/amd64",
    "linux/arm64",
  );
  if (registry !== undefined) packages = packages.org(`${registry}/${values.org}`);
  console.log(formatResult(await packages.push({ signal, progress: "auto" })));
});

/** Directories with a build.yml, and packages that a package.ts exports. */
async function findPackages(parent: string): Promise<(string | FluentPackage)[]> {
  const found: (string | FluentPackage)[] = [];
  for (const entry of (await readdir(parent)).sort()) {
    const module = join(parent, entry, "package.ts");
    if (existsSync(join(parent, entry, "build.yml"))) found.push(join(parent, entry));
    else if (existsSync(module)) {
      const exported: Record<string, FluentPackage> = await import(pathToFileURL(module).href);
      found.push(...Object.values(exported));
    }
  }
  return found;
}

function formatResult(result: RunResult): string {
  const images = result.packages.flatMap((entry) => Object.values(entry.images));
  const built = images.filter((image) => image.outcome === "built").length;
  const summary =
    built === 0
      ? `Nothing was built: every image is there under the tag that its content gives it (${images.length} images).`
      : `${built} of ${images.length} images were built.`;
  const lines = [...result.packages.map(formatPackage), "", summary];
  const [first] = result.packages;
  if (registry !== undefined && first !== undefined)
    lines.push("Read one back:", `  ${readBackCommand(registry, first)}`);
  return lines.join("\n");
}

function formatPackage({ reference, tag, digest, images }: PackageResult): string {
  const lines = ["", reference, `  tag          ${tag}`, `  index        ${digest}`];
  for (const [platform, image] of Object.entries(images)) {
    lines.push(`  ${platform.padEnd(12)} ${image.digest}  ${image.outcome}: ${image.why}`);
    lines.push(`  ${"".padEnd(12)} ${image.reference}`);
  }
  return lines.join("\n");
}

/** Asks the registry itself, and works for as long as that runs. */
function readBackCommand(host: string, { name, tag }: PackageResult): string {
  const accept = "application/vnd.oci.image.index.v1+json";
  return `curl -H 'accept: ${accept}' http://${host}/v2/${name.slice(host.length + 1)}/manifests/${tag}`;
}
