import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, open, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectEngine } from "../sdk/engine/connect-engine.ts";
import { llb, marshal } from "../sdk/llb/index.ts";
import { createFileSyncService } from "../sdk/session/filesync.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { testTools } from "../test/engines/test-tools.ts";

// Sending a build context to an engine, beside buildctl on the same one: cold, again, and after one edit. Both solve the
// same graph, a local source and nothing else. Time counts from the connection to the answer; buildctl's also holds the
// start of its process, which takes some hundredths of a second.

const FILES = Number(process.env.FILES ?? 20_000);
const FILE_BYTES = Number(process.env.FILE_BYTES ?? 16 * 1024);
const LARGE_FILES = Number(process.env.LARGE_FILES ?? 4);
const LARGE_BYTES = 158 * 1024 * 1024;
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const NAME = "context";

const [role, address = "", directory = ""] = process.argv.slice(2);
if (role === "client") await client(address, directory);
else await compare();

interface Sample {
  readonly timeMs: number;
  readonly rssBytes: number;
  readonly cpuMs: number;
}

async function compare(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "kitsmith-bench-"));
  await using engine = await startBuildkitd();
  try {
    const tree = process.env.TREE ?? join(root, "tree");
    if (process.env.TREE === undefined) await makeTree(tree);
    const ours = () =>
      run(process.execPath, ["--import", "tsx", fileURLToPath(import.meta.url), "client", engine.address, tree]);
    const theirs = () => buildctl(engine.address, tree);
    const results: Record<string, { readonly ours: Sample[]; readonly theirs: Sample[] }> = {};
    const note = (what: string, side: "ours" | "theirs", sample: Sample): void => {
      results[what] ??= { ours: [], theirs: [] };
      results[what]?.[side].push(sample);
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [side, build] of [
        ["ours", ours],
        ["theirs", theirs],
      ] as const) {
        await run(testTools().buildctl, ["--addr", engine.address, "prune", "--all"]);
        note("cold", side, await build());
        note("warm", side, await build());
        await edit(join(tree, "d000", "f000.bin"));
        note("one edit", side, await build());
      }
    }
    for (const [what, { ours: own, theirs: other }] of Object.entries(results)) {
      const ratio = median(own, "timeMs") / median(other, "timeMs");
      console.log(
        `${what.padEnd(9)} ${ratio.toFixed(2).padStart(6)} × buildctl   ${show(own)} beside ${show(other)}   RSS ${Math.round(Math.max(...own.map(({ rssBytes }) => rssBytes)) / 2 ** 20)} MiB, CPU ${Math.round(median(own, "cpuMs"))} ms`,
      );
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function makeTree(tree: string): Promise<void> {
  for (let index = 0; index < FILES; index += 1) {
    const parent = join(tree, `d${String(Math.floor(index / 100)).padStart(3, "0")}`);
    if (index % 100 === 0) await mkdir(parent, { recursive: true });
    await writeFile(join(parent, `f${String(index % 100).padStart(3, "0")}.bin`), randomBytes(FILE_BYTES));
  }
  for (let index = 0; index < LARGE_FILES; index += 1) {
    const file = await open(join(tree, `large${index}`), "w");
    for (let offset = 0; offset < LARGE_BYTES; offset += 2 ** 20) await file.write(randomBytes(2 ** 20));
    await file.close();
  }
}

async function edit(file: string): Promise<void> {
  await writeFile(file, randomBytes(FILE_BYTES));
  await utimes(file, new Date(), new Date());
}

async function client(engineAddress: string, tree: string): Promise<void> {
  await send(engineAddress, fileURLToPath(new URL(".", import.meta.url)), "warm-up");
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await send(engineAddress, tree, NAME);
  const timeMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  const { maxRSS } = process.resourceUsage();
  console.log(JSON.stringify({ timeMs, rssBytes: maxRSS * 1024, cpuMs: (user + system) / 1000 }));
}

async function send(engineAddress: string, tree: string, name: string): Promise<void> {
  await using engine = await connectEngine(engineAddress);
  const definition = marshal(llb.local(name), { platform: { os: "linux", architecture: "amd64" } });
  const root = { layers: [{ directory: tree, prefix: "" }] };
  const services = [createFileSyncService([{ name, root, ignoreFiles: false }])];
  await using job = await engine.openJob({ exporters: [], services, sharedKey: "bench" });
  await job.solve({ input: { kind: "definition", definition, imageConfig: {} } }, { evaluate: true });
}

async function buildctl(engineAddress: string, tree: string): Promise<Sample> {
  const { encodeDefinition } = await import("../sdk/llb/index.ts");
  const definition = marshal(llb.local(NAME), { platform: { os: "linux", architecture: "amd64" } });
  const startedAt = performance.now();
  await run(
    testTools().buildctl,
    ["--addr", engineAddress, "build", "--progress", "plain", "--local", `${NAME}=${tree}`],
    encodeDefinition(definition),
  );
  return { timeMs: performance.now() - startedAt, rssBytes: 0, cpuMs: 0 };
}

async function run(command: string, argv: readonly string[], input?: Uint8Array): Promise<Sample> {
  const child = spawn(command, argv, { stdio: ["pipe", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (status !== 0) throw new Error(`${command} ${argv.join(" ")}: ${errors}`);
  return output.startsWith("{") ? JSON.parse(output) : { timeMs: 0, rssBytes: 0, cpuMs: 0 };
}

function median(samples: readonly Sample[], key: keyof Sample): number {
  const sorted = samples.map((sample) => sample[key]).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function show(samples: readonly Sample[]): string {
  return samples.map(({ timeMs }) => `${(timeMs / 1000).toFixed(2)} s`).join(" ");
}
