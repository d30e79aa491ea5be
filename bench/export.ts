/**
 * An image with a layer of 1 GB from an engine to an archive on disk, beside `buildctl build --output type=oci` on the same
 * engine: by `export()`, as everybody calls it, with an empty cache, and through the session's tunnel, which engines
 * elsewhere need. The layer is made and not compressed before: only the way of its bytes is measured. Needs the test
 * programs and root.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectEngine, createFileSyncService, jobOutputs, ociArchiveOutput, stateInput } from "../sdk/engine/index.ts";
import { pkg } from "../sdk/index.ts";
import { encodeDefinition, llb, marshal, type State } from "../sdk/llb/index.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { testTools } from "../test/engines/test-tools.ts";
import { runToEnd } from "./harness/built-program.ts";
import { type ProcessUse, reportProcessUse, runClient, runProgram } from "./harness/client-process.ts";
import { createBytes, INPUTS, writeLargeFile } from "./harness/inputs.ts";
import { createSide, type Side, sampleOf, takeTurns } from "./harness/measurement.ts";
import { reportComparison } from "./harness/results.ts";
import { createScratch } from "./harness/scratch.ts";

const LAYER_BYTES = Number(process.env.LAYER_BYTES ?? INPUTS.layerBytes);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const NAME = "context";
const ATTRIBUTES = { compression: "uncompressed", "oci-mediatypes": "true" };
const WAYS = { public: "OCI export", tunnel: "OCI export through the tunnel" } as const;

const [role, ...parameters] = process.argv.slice(2);
if (role === "client") await client(parameters);
else await compare();

async function compare(): Promise<void> {
  using scratch = createScratch();
  await using engine = await startBuildkitd();
  const tree = writePackage(scratch.path);
  const target = join(scratch.path, "target");
  /** Each time what was written before is gone, and nothing is in the cache. */
  const side = (run: () => Promise<ProcessUse>): Side<ProcessUse> =>
    createSide(async () => {
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target);
      return await run();
    });
  const ways = {
    public: side(() => runClient("export", "public", engine.address, tree, target)),
    tunnel: side(() => runClient("export", "tunnel", engine.address, tree, target)),
  };
  const theirs = side(() => buildctl(engine.address, tree, join(target, "theirs.tar")));
  const sides = [ways.public, theirs, ways.tunnel];
  // The engine takes the context from each of them, and makes the layer.
  for (const { work } of sides) await work(0);
  await takeTurns(sides, { rounds: ROUNDS });
  const sample = ({ outcomes }: Side<ProcessUse>) => sampleOf(outcomes.map(({ timeMs }) => timeMs));
  const peer = { name: "buildctl", ...sample(theirs) };
  for (const way of ["public", "tunnel"] as const) {
    const goal = way === "public" ? { limit: 1.25, aim: 1 } : {};
    reportComparison({ what: WAYS[way], ours: sample(ways[way]), peer, ...goal });
    reportProcessUse(WAYS[way], ways[way].outcomes, { limit: 200, aim: 130 });
  }
}

/** A package that git need not hash much of: the large file is none of git's. */
function writePackage(root: string): string {
  const tree = join(root, "tree");
  mkdirSync(tree);
  writeFileSync(join(tree, ".gitignore"), "large\n");
  const git = ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-C", tree];
  runToEnd("git", ...git, "init", "--quiet");
  runToEnd("git", ...git, "add", ".gitignore");
  runToEnd("git", ...git, "commit", "--quiet", "--message", "bench");
  writeLargeFile(join(tree, "large"), LAYER_BYTES, createBytes("layer"));
  return tree;
}

function graph(): State {
  return llb.scratch().copy(llb.local(NAME, { include: ["large"] }), "/");
}

async function client([way, address = "", tree = "", target = ""]: readonly string[]): Promise<void> {
  const startedAt = performance.now();
  await (way === "public" ? exportPackage : exportTunnelled)(address, tree, target);
  console.log(performance.now() - startedAt);
}

async function exportPackage(address: string, directory: string, target: string): Promise<void> {
  const exported = pkg({
    ...{ directory, org: "bench", image: "export", platforms: ["linux/amd64"] },
    recipe: ({ context }) => llb.scratch().copy(context(".", { include: ["large"] }), "/"),
  });
  await exported.engines(address).export({
    ...{ type: "oci", dest: join(target, "ours.tar"), compression: "uncompressed" },
    cacheDirectory: join(target, "cache"),
  });
}

async function exportTunnelled(address: string, tree: string, target: string): Promise<void> {
  const { exporters, services } = jobOutputs([ociArchiveOutput(join(target, "ours.tar"), ATTRIBUTES)]);
  await using engine = await connectEngine(address);
  const sync = createFileSyncService([
    { name: NAME, root: { layers: [{ directory: tree, prefix: "" }] }, ignoreFiles: false },
  ]);
  await using job = await engine.openJob({ exporters, services: [...services, sync], sharedKey: "bench" });
  const result = await job.solve({ input: stateInput(graph(), "linux/amd64") });
  await job.finish(result);
}

async function buildctl(address: string, tree: string, file: string): Promise<ProcessUse> {
  const output = ["type=oci", `dest=${file}`, ...Object.entries(ATTRIBUTES).map(([key, value]) => `${key}=${value}`)];
  const source = ["--local", `${NAME}=${tree}`];
  const argv = ["--addr", address, "build", "--progress", "plain", ...source, "--output", output.join(",")];
  return await runProgram(testTools().buildctl, argv, encodeDefinition(marshal(graph(), { platform: "linux/amd64" })));
}
