/**
 * An image with a layer of 1 GB from an engine to the disk, beside `buildctl build --output type=oci` on the same engine:
 * through the session's tunnel, as an archive and into the cache, and by a push into the embedded registry. The layer is
 * made and not compressed before: only the way of its bytes is measured. Needs the test programs and root.
 */
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectEngine,
  createFileSyncService,
  type EngineOutput,
  jobOutputs,
  ociArchiveOutput,
  stateInput,
} from "../sdk/engine/index.ts";
import { encodeDefinition, llb, marshal, type State } from "../sdk/llb/index.ts";
import { openCache } from "../sdk/oci/layout/cache.ts";
import { contentReceiver } from "../sdk/session/file-send.ts";
import { startOwnRegistry, stopOwnRegistry } from "../sdk/testing/own-registry.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { testTools } from "../test/engines/test-tools.ts";
import { type ProcessUse, reportProcessUse, runClient, runProgram } from "./harness/client-process.ts";
import { sampleOf } from "./harness/measurement.ts";
import { reportComparison } from "./harness/results.ts";

const LAYER_BYTES = Number(process.env.LAYER_BYTES ?? 1e9);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const NAME = "context";
const ATTRIBUTES = { compression: "uncompressed", "oci-mediatypes": "true" };
const WAYS = {
  tunnel: "OCI export, archive through the tunnel",
  cache: "OCI export, into the cache through the tunnel",
  registry: "OCI export, into the embedded registry",
} as const;
type Way = keyof typeof WAYS;

const [role, ...parameters] = process.argv.slice(2);
if (role === "client") await client(parameters);
else await compare();

async function compare(): Promise<void> {
  const root = mkdtempSync(join(process.env.KITSMITH_BENCH_DIR ?? tmpdir(), "kitsmith-bench-"));
  await using engine = await startBuildkitd();
  try {
    const tree = writeTree(root);
    const target = join(root, "target");
    const ours = async (way: Way) => {
      // An empty one each time: a layer that it has is not sent.
      const directory = join(target, "registry");
      const registry = way === "registry" ? (await startOwnRegistry({ directory })).address : "";
      try {
        return await runClient("export", way, engine.address, tree, target, registry);
      } finally {
        await stopOwnRegistry(directory);
      }
    };
    const theirs = async () => await buildctl(engine.address, tree, join(target, "theirs.tar"));
    const uses: Record<Way | "peer", ProcessUse[]> = { tunnel: [], cache: [], registry: [], peer: [] };
    mkdirSync(target);
    // The engine takes the context from each of the two, and makes the layer.
    await theirs();
    await ours("tunnel");
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const side of ["tunnel", "peer", "cache", "registry"] as const) {
        uses[side].push(side === "peer" ? await theirs() : await ours(side));
        rmSync(target, { recursive: true });
        mkdirSync(target);
      }
    }
    const sample = (side: keyof typeof uses) => sampleOf(uses[side].map(({ timeMs }) => timeMs));
    const peer = { name: "buildctl", ...sample("peer") };
    const best = Math.min(...(["tunnel", "registry"] as const).map((way) => sample(way).medianMs));
    for (const way of ["tunnel", "cache", "registry"] as const) {
      const goal = sample(way).medianMs === best ? { limit: 1.25, aim: 1 } : {};
      reportComparison({ what: WAYS[way], ours: sample(way), peer, ...goal });
      reportProcessUse(WAYS[way], uses[way], { limit: 200, aim: 130 });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function writeTree(root: string): string {
  const tree = join(root, "tree");
  mkdirSync(tree);
  const file = openSync(join(tree, "large"), "w");
  for (let written = 0; written < LAYER_BYTES; written += 2 ** 20) {
    writeSync(file, randomBytes(Math.min(2 ** 20, LAYER_BYTES - written)));
  }
  closeSync(file);
  return tree;
}

function graph(): State {
  return llb.scratch().copy(llb.local(NAME), "/");
}

async function client([way, address = "", tree = "", target = "", registry = ""]: readonly string[]): Promise<void> {
  const output = await outputOf(way, target, registry);
  const startedAt = performance.now();
  const { exporters, services } = jobOutputs([output]);
  await using engine = await connectEngine(address);
  const sync = createFileSyncService([
    { name: NAME, root: { layers: [{ directory: tree, prefix: "" }] }, ignoreFiles: false },
  ]);
  await using job = await engine.openJob({ exporters, services: [...services, sync], sharedKey: "bench" });
  const result = await job.solve({ input: stateInput(graph(), "linux/amd64") });
  await job.finish(result);
  console.log(performance.now() - startedAt);
}

async function outputOf(way: string | undefined, target: string, registry: string): Promise<EngineOutput> {
  if (way === "tunnel") return ociArchiveOutput(join(target, "ours.tar"), ATTRIBUTES);
  if (way === "registry") {
    const push = { name: `${registry}/bench/export`, push: "true", "push-by-digest": "true", store: "false" };
    return { exporter: { type: "image", attributes: { ...ATTRIBUTES, ...push, "registry.insecure": "true" } } };
  }
  const cache = await openCache(join(target, "cache"));
  const receive = contentReceiver(async (chunks, signal) => void (await cache.importArchive(chunks, { signal })));
  return { exporter: { type: "oci", attributes: ATTRIBUTES }, receive };
}

async function buildctl(address: string, tree: string, file: string): Promise<ProcessUse> {
  const output = ["type=oci", `dest=${file}`, ...Object.entries(ATTRIBUTES).map(([key, value]) => `${key}=${value}`)];
  const argv = [
    "--addr",
    address,
    "build",
    "--progress",
    "plain",
    "--local",
    `${NAME}=${tree}`,
    "--output",
    output.join(","),
  ];
  return await runProgram(testTools().buildctl, argv, encodeDefinition(marshal(graph(), { platform: "linux/amd64" })));
}
