/**
 * Pushing packages of which nothing changed: 1, 20 and 200 packages × 2 platforms, beside `docker buildx bake` on the same
 * engine and registry. Needs the test programs (`node test/engines/install.mjs`) and root.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pkgs } from "../sdk/index.ts";
import { startDockerRegistry } from "../test/engines/docker-registry.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { type Bake, createBake } from "./harness/bake.ts";
import { INPUTS } from "./harness/inputs.ts";
import { measure, measureInTurns } from "./harness/measurement.ts";
import { createPackageSet, type PackageSet, writeBakeFile } from "./harness/packages.ts";
import { reportComparison, reportTime } from "./harness/results.ts";

const root = mkdtempSync(join(tmpdir(), "kitsmith-bench-"));
await using registry = await startDockerRegistry();
await using engine = await startBuildkitd();
try {
  const bake = await createBake(root, engine.address);
  await compare(1, bake);
  await compare(INPUTS.packages.some, bake, { limit: 0.2, aim: 0.12 });
  const many = packages(INPUTS.packages.many);
  await push(many)();
  const what = `${many.names.length} × 2, nothing changed`;
  reportTime(what, await measure(push(many)), { limit: 2000, aim: 1000 });
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function compare(count: number, bake: Bake, goal: { readonly limit?: number; readonly aim?: number } = {}) {
  const set = packages(count);
  const file = writeBakeFile(set, `${registry.host}/bake-${count}`);
  await push(set)();
  await bake(file);
  const [ours, theirs] = await measureInTurns(push(set), () => bake(file), { rounds: 7 });
  reportComparison({ what: `${count} × 2, nothing changed`, ours, peer: { name: "bake", ...theirs }, ...goal });
}

function packages(count: number): PackageSet {
  return createPackageSet({ directory: join(root, `repository-${count}`), count, salt: "" });
}

function push({ glob, names }: PackageSet): () => Promise<unknown> {
  const cacheDirectory = join(root, "cache");
  const set = pkgs(glob).org(`${registry.host}/noop-${names.length}`).engines(engine.address);
  return async () => await set.push({ cacheDirectory });
}
