// Builds every package of a directory for two platforms and publishes them: npm run release -- DIRECTORY
// What is published already, under a tag that its content gives it, is left alone.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type FluentPackage, pkgs } from "kitsmith";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    /** Where to publish, such as 127.0.0.1:5000. Default: where the packages' own names say. */
    registry: { type: "string" },
    org: { type: "string", default: "acme" },
    /** No step gets a network: for base images that have all that the packages need. */
    offline: { type: "boolean", default: false },
  },
});
const registry = values.registry ?? process.env.KITSMITH_REGISTRY;
const directory = resolve(positionals[0] ?? "packages");

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
}

let packages = pkgs(await findPackages(directory)).platforms("linux/amd64", "linux/arm64");
if (registry !== undefined) packages = packages.org(`${registry}/${values.org}`);
if (values.offline) packages = packages.network(false);

const result = await packages.push({ signal: stop.signal, progress: "auto" });

for (const { name, tag, reference, digest, images } of result.packages) {
  console.log(`\n${name}`);
  console.log(`  tag          ${tag}`);
  console.log(`  index        ${digest}  ${reference}`);
  for (const [platform, image] of Object.entries(images)) {
    console.log(`  ${platform.padEnd(12)} ${image.digest}  ${image.reference}`);
    console.log(`  ${"".padEnd(12)} ${image.outcome}: ${image.why}`);
  }
}
const [first] = result.packages;
if (registry !== undefined && first !== undefined)
  console.log(`\nRead one back:\n  ${readBackCommand(registry, first)}`);

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

/** Asks the registry itself, and works for as long as that runs. */
function readBackCommand(host: string, { name, tag }: { readonly name: string; readonly tag: string }): string {
  const repository = name.slice(host.length + 1);
  const accept = "application/vnd.oci.image.index.v1+json";
  return `curl -H 'accept: ${accept}' http://${host}/v2/${repository}/manifests/${tag}`;
}
