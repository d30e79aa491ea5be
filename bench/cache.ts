/**
 * The cache beside what the machine itself needs: listing 1,000 images, process start included, and an image of 1 GiB in
 * and out of it, against `cp`, `sync -f` and `sha256sum` of the same bytes. Run it with `npm run bench -- cache`; the
 * program is the built one, so `npm run build` before.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { gzipSync } from "node:zlib";
import { createDigester, type Digest } from "../sdk/core/digest.ts";
import type { Cache } from "../sdk/oci/layout/cache.ts";
import { openCache } from "../sdk/oci/layout/cache.ts";
import type { Descriptor } from "../sdk/oci/model/descriptor.ts";
import { MEDIA_TYPES } from "../sdk/oci/model/media-type.ts";

const IMAGES = 1000;
const LAYER_BYTES = 1024 ** 3;
const ROUNDS = 3;
const PROGRAM = join(import.meta.dirname, "..", "dist", "cli.js");

const root = mkdtempSync(join(process.env.KITSMITH_BENCH_DIR ?? tmpdir(), "kitsmith-bench-"));
try {
  if (!existsSync(PROGRAM)) throw new Error("dist/cli.js is missing: run `npm run build` first");
  await listing();
  await archives();
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function listing(): Promise<void> {
  const directory = join(root, "many");
  const cache = await openCache(directory);
  const image = await storeImage(cache, await storeLayer(cache, gzipSync("small")));
  const names = Array.from({ length: IMAGES }, (_, number) => [`team/package-${number}:v1`, image] as const);
  await cache.setReferences(new Map(names));
  const node = best(() => run(process.execPath, ["-e", "0"]).timeMs);
  const listed = best(() => run(process.execPath, [PROGRAM, "--cache", directory, "cache", "ls"]).timeMs);
  print(`cache ls of ${IMAGES} images`, listed);
  print("  of which node itself", node);
}

async function archives(): Promise<void> {
  const file = join(root, "layer");
  const layer = writeRandom(file);
  const cache = await openCache(join(root, "large"));
  const stored = await cache.writeBlob(readPieces(file), { expected: layer });
  await cache.setReference("large:1", await storeImage(cache, { mediaType: MEDIA_TYPES.layerGzip, ...stored }));
  const tar = join(root, "large.tar");
  const machine = best(() => copyAndSum(file));
  print("cp, sync -f and sha256sum of 1 GiB", machine);
  const exported = bestRun(() =>
    run(process.execPath, [PROGRAM, "--cache", cache.directory, "cache", "export", "--outfile", tar, "large:1"]),
  );
  print("cache export of 1 GiB", exported.timeMs, machine, exported.peakMiB);
  const imported = bestRun(() => {
    const target = join(root, "target");
    rmSync(target, { recursive: true, force: true });
    return run(process.execPath, [PROGRAM, "--cache", target, "cache", "import", tar]);
  });
  print("cache import of 1 GiB", imported.timeMs, machine, imported.peakMiB);
}

function copyAndSum(file: string): number {
  const copy = `${file}.copy`;
  rmSync(copy, { force: true });
  return ["cp", "sync", "sha256sum"].reduce((sumMs, command) => {
    const parameters = command === "cp" ? [file, copy] : command === "sync" ? ["-f", copy] : [copy];
    return sumMs + run(command, parameters).timeMs;
  }, 0);
}

/** Runs a program, which tells the most memory that it had at once if it is ours, and fails if it does. */
function run(command: string, parameters: readonly string[]): { readonly timeMs: number; readonly peakMiB: number } {
  const start = performance.now();
  const env = { ...process.env, NODE_OPTIONS: peakOption() };
  const { status, stderr } = spawnSync(command, parameters, { encoding: "utf8", env });
  const timeMs = performance.now() - start;
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")} failed: ${stderr}`);
  return { timeMs, peakMiB: readPeak() };
}

function peakOption(): string {
  return `--import data:text/javascript,${encodeURIComponent(
    `import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(${JSON.stringify(join(root, "peak"))},String(process.resourceUsage().maxRSS)))`,
  )}`;
}

function readPeak(): number {
  const path = join(root, "peak");
  return existsSync(path) ? Number(readFileSync(path, "utf8")) / 1024 : 0;
}

function writeRandom(path: string): { readonly digest: Digest; readonly size: number } {
  const digester = createDigester();
  const file = openSync(path, "w");
  for (let written = 0; written < LAYER_BYTES; written += 2 ** 24) {
    const piece = randomBytes(2 ** 24);
    digester.update(piece);
    writeSync(file, piece);
  }
  closeSync(file);
  return { digest: digester.digest(), size: LAYER_BYTES };
}

async function* readPieces(path: string): AsyncGenerator<Uint8Array> {
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) yield piece;
}

async function storeLayer(cache: Cache, content: Uint8Array): Promise<Descriptor> {
  return { mediaType: MEDIA_TYPES.layerGzip, ...(await cache.writeBlob(content)) };
}

async function storeImage(cache: Cache, layer: Descriptor): Promise<Descriptor> {
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [layer.digest] } };
  const stored = { mediaType: MEDIA_TYPES.config, ...(await cache.writeBlob(encode(config))) };
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config: stored, layers: [layer] };
  return { mediaType: MEDIA_TYPES.manifest, ...(await cache.writeBlob(encode(manifest))) };
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function best(measure: () => number): number {
  return Math.min(...Array.from({ length: ROUNDS }, measure));
}

function bestRun(measure: () => { readonly timeMs: number; readonly peakMiB: number }) {
  const runs = Array.from({ length: ROUNDS }, measure);
  const timeMs = Math.min(...runs.map((one) => one.timeMs));
  return { timeMs, peakMiB: Math.max(...runs.map((one) => one.peakMiB)) };
}

function print(label: string, timeMs: number, machineMs?: number, peakMiB?: number): void {
  const ratio = machineMs === undefined ? "" : ` ${(timeMs / machineMs).toFixed(2)} × the machine`;
  const peak = peakMiB === undefined ? "" : `, at most ${peakMiB.toFixed(0)} MiB of memory`;
  console.log(`${label.padEnd(45)} ${timeMs.toFixed(0).padStart(8)} ms${ratio}${peak}`);
}
