/**
 * Sending a build context to an engine, beside buildctl on the same one: cold, again, and after one edit; 1 GB, and
 * 1,000,000 files. Both solve the same graph, a local source and nothing else. Ours counts from the connection to the
 * answer, with modules loaded; buildctl's time also holds the start of its process, some hundredths of a second. Needs the
 * test programs and root.
 */
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectEngine } from "../sdk/engine/connect-engine.ts";
import { type Definition, encodeDefinition, llb, marshal } from "../sdk/llb/index.ts";
import { createFileSyncService } from "../sdk/session/filesync.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { testTools } from "../test/engines/test-tools.ts";
import { type ProcessUse, reportProcessUse, runClient, runProgram } from "./harness/client-process.ts";
import { createBytes, INPUTS, type TreeShape, writeTree } from "./harness/inputs.ts";
import { createSide, sampleOf, takeTurns } from "./harness/measurement.ts";
import { type Figure, reportComparison } from "./harness/results.ts";
import { createScratch } from "./harness/scratch.ts";

const NAME = "context";
const STEPS = ["cold", "warm", "one edit"] as const;
type Goal = Pick<Figure, "limit" | "aim">;

const [role, address = "", directory = ""] = process.argv.slice(2);
if (role === "client") await client(address, directory);
else {
  await compare(INPUTS.context, { rounds: 3, time: { limit: 1.3, aim: 1 }, memory: { limit: 200, aim: 130 } });
  await compare(INPUTS.manyFiles, { rounds: 1, time: {}, memory: { limit: 1000, aim: 500 } });
}

async function compare(
  shape: TreeShape,
  goals: { readonly rounds: number; readonly time: Goal; readonly memory: Goal },
): Promise<void> {
  using scratch = createScratch();
  await using engine = await startBuildkitd();
  const tree = join(scratch.path, "tree");
  const { firstFile } = writeTree(tree, shape);
  const nextBytes = createBytes("edits");
  const sideOf = (build: () => Promise<ProcessUse>) =>
    createSide(async () => {
      await runProgram(testTools().buildctl, ["--addr", engine.address, "prune", "--all"]);
      const [cold, warm] = [await build(), await build()];
      writeFileSync(firstFile, nextBytes(shape.fileBytes));
      utimesSync(firstFile, new Date(), new Date());
      return [cold, warm, await build()] as const;
    });
  const ours = sideOf(() => runClient("context-sync", engine.address, tree));
  const theirs = sideOf(() => buildctl(engine.address, tree));
  await takeTurns([ours, theirs], goals);
  for (const [index, step] of STEPS.entries()) {
    const what = `context of ${shape.files + shape.largeFiles} files, ${step}`;
    const [own, other] = [ours, theirs].map(({ outcomes }) => outcomes.flatMap((uses) => uses[index] ?? []));
    const sample = (uses: readonly ProcessUse[] = []) => sampleOf(uses.map(({ timeMs }) => timeMs));
    reportComparison({ what, ours: sample(own), peer: { name: "buildctl", ...sample(other) }, ...goals.time });
    reportProcessUse(what, own ?? [], goals.memory);
  }
}

async function client(engineAddress: string, tree: string): Promise<void> {
  // What is loaded on first use is loaded here.
  await send(engineAddress, import.meta.dirname, "warm-up");
  const startedAt = performance.now();
  await send(engineAddress, tree, NAME);
  console.log(performance.now() - startedAt);
}

async function send(engineAddress: string, tree: string, name: string): Promise<void> {
  await using engine = await connectEngine(engineAddress);
  const root = { layers: [{ directory: tree, prefix: "" }] };
  const services = [createFileSyncService([{ name, root, ignoreFiles: false }])];
  await using job = await engine.openJob({ exporters: [], services, sharedKey: "bench" });
  const input = { kind: "definition", definition: graph(name), imageConfig: {} } as const;
  await job.solve({ input }, { evaluate: true });
}

async function buildctl(engineAddress: string, tree: string): Promise<ProcessUse> {
  const argv = ["--addr", engineAddress, "build", "--progress", "plain", "--local", `${NAME}=${tree}`];
  return await runProgram(testTools().buildctl, argv, encodeDefinition(graph(NAME)));
}

function graph(name: string): Definition {
  return marshal(llb.local(name), { platform: { os: "linux", architecture: "amd64" } });
}
