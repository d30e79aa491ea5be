/**
 * The cache beside what the machine itself needs: listing 1,000 images, process start included, and an image of 1 GB in
 * and out of it, against `cp`, `sync -f` and `sha256sum` of the same bytes. Needs what `npm run build` makes.
 */
import { createReadStream, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createDigester } from "../sdk/core/digest.ts";
import { type Cache, openCache } from "../sdk/oci/layout/cache.ts";
import type { Descriptor } from "../sdk/oci/model/descriptor.ts";
import { MEDIA_TYPES } from "../sdk/oci/model/media-type.ts";
import { builtProgram, runToEnd } from "./harness/built-program.ts";
import { reportProcessUse, runProgram } from "./harness/client-process.ts";
import { createBytes, INPUTS, writeLargeFile } from "./harness/inputs.ts";
import { createSide, createTimedSide, measureInTurns, sampleOf, takeTurns } from "./harness/measurement.ts";
import { reportComparison, reportTime } from "./harness/results.ts";
import { createScratch } from "./harness/scratch.ts";
import { sized } from "./harness/size.ts";

const IMAGES = sized(1000, 10);
const program = builtProgram();
using scratch = createScratch();
await listing();
await archives();

async function listing(): Promise<void> {
  const cache = await openCache(join(scratch.path, "many"));
  const layer = { mediaType: MEDIA_TYPES.layerGzip, ...(await cache.writeBlob(gzipSync("small"))) };
  const image = await storeImage(cache, layer);
  const names = Array.from({ length: IMAGES }, (_, number) => [`team/package-${number}:v1`, image] as const);
  await cache.setReferences(new Map(names));
  const [ours, bare] = await measureInTurns(
    () => runToEnd(process.execPath, program, "--cache", cache.directory, "cache", "ls"),
    () => runToEnd(process.execPath, "-e", "0"),
    { rounds: 11 },
  );
  reportTime(`cache ls of ${IMAGES} images`, ours, { limit: 300 });
  reportComparison({ what: `cache ls of ${IMAGES} images`, ours, peer: { name: "node -e 0", ...bare } });
}

async function archives(): Promise<void> {
  const file = join(scratch.path, "layer");
  const tar = join(scratch.path, "large.tar");
  const target = join(scratch.path, "target");
  const cache = await storeLargeImage(file);
  const kitsmith = (directory: string, ...parameters: string[]) =>
    runProgram(process.execPath, [program, "--cache", directory, "cache", ...parameters]);
  const machine = createTimedSide(() => copyAndSum(file));
  const exported = createSide(() => kitsmith(cache.directory, "export", "--outfile", tar, "large:1"));
  const imported = createSide(() => {
    rmSync(target, { recursive: true, force: true });
    return kitsmith(target, "import", tar);
  });
  await kitsmith(cache.directory, "export", "--outfile", tar, "large:1");
  await takeTurns([machine, exported, imported], { rounds: 3 });
  const peer = { name: "cp, sync -f, sha256sum", ...sampleOf(machine.outcomes) };
  for (const [what, { outcomes }] of [
    [`cache export of ${INPUTS.layerBytes / 1e6} MB`, exported],
    [`cache import of ${INPUTS.layerBytes / 1e6} MB`, imported],
  ] as const) {
    reportComparison({ what, ours: sampleOf(outcomes.map(({ timeMs }) => timeMs)), peer, limit: 1.3 });
    reportProcessUse(what, outcomes, { limit: 120 });
  }
}

function copyAndSum(file: string): void {
  const copy = `${file}.copy`;
  rmSync(copy, { force: true });
  runToEnd("cp", file, copy);
  runToEnd("sync", "-f", copy);
  runToEnd("sha256sum", copy);
}

/** An image with one layer, which is also a file. */
async function storeLargeImage(file: string): Promise<Cache> {
  const digester = createDigester();
  writeLargeFile(file, INPUTS.layerBytes, createBytes("layer"), (piece) => digester.update(piece));
  const expected = { digest: digester.digest(), size: INPUTS.layerBytes };
  const cache = await openCache(join(scratch.path, "large"));
  const stored = await cache.writeBlob(createReadStream(file, { highWaterMark: 2 ** 20 }), { expected });
  await cache.setReference("large:1", await storeImage(cache, { mediaType: MEDIA_TYPES.layerGzip, ...stored }));
  return cache;
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
