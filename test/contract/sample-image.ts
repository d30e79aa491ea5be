import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { digestOf } from "../../sdk/core/digest.ts";
import type { ContentStore } from "../../sdk/oci/model/content.ts";
import { concatBytes } from "../../sdk/oci/model/content.ts";
import type { Descriptor } from "../../sdk/oci/model/descriptor.ts";
import { createIndex, encodeIndex } from "../../sdk/oci/model/manifest.ts";
import { MEDIA_TYPES } from "../../sdk/oci/model/media-type.ts";

/** A tar of one file. */
function tarLayer(content: Uint8Array, name = "file", mode = "644"): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`0000${mode}\x000000000\x000000000\0`, 100);
  header.write(`${content.byteLength.toString(8).padStart(11, "0")} 00000000000 `, 124);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.byteLength % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}

/** Pseudo-random bytes that do not compress away. */
function noise(seed: string, sizeBytes: number): Uint8Array {
  const blocks: Buffer[] = [];
  for (let block = 0; block * 32 < sizeBytes; block += 1) {
    blocks.push(Buffer.from(digestOf(`${seed} ${block}`).slice("sha256:".length), "hex"));
  }
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

async function store(blobs: ContentStore, content: Uint8Array, mediaType: string): Promise<Descriptor> {
  return { mediaType, ...(await blobs.writeBlob(content)) };
}

async function storeJson(blobs: ContentStore, value: unknown, mediaType: string): Promise<Descriptor> {
  return await store(blobs, new TextEncoder().encode(JSON.stringify(value)), mediaType);
}

/** Puts an image with two layers, one of them the same for every architecture, into a store. */
export async function createImage(blobs: ContentStore, architecture: string, sizeBytes = 2000): Promise<Descriptor> {
  return await storeImage(blobs, architecture, [
    tarLayer(noise("base", 500)),
    tarLayer(noise(architecture, sizeBytes)),
  ]);
}

/** Puts an image for this machine into a store that holds busybox as `/sh`. */
export async function createShellImage(blobs: ContentStore, file: string): Promise<Descriptor> {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  return await storeImage(blobs, architecture, [tarLayer(await readFile(file), "sh", "755")]);
}

async function storeImage(blobs: ContentStore, architecture: string, tars: readonly Uint8Array[]): Promise<Descriptor> {
  const layers = await Promise.all(tars.map((tar) => store(blobs, gzipSync(tar), MEDIA_TYPES.layerGzip)));
  const config = await storeJson(
    blobs,
    { architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) } },
    MEDIA_TYPES.config,
  );
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers };
  return { ...(await storeJson(blobs, manifest, MEDIA_TYPES.manifest)), platform: { architecture, os: "linux" } };
}

/** What BuildKit adds for an image: a manifest that is about it. */
export async function createAttestation(blobs: ContentStore, image: Descriptor): Promise<Descriptor> {
  const statement = await storeJson(blobs, { subject: image.digest }, "application/vnd.in-toto+json");
  const rootfs = { type: "layers", diff_ids: [statement.digest] };
  const config = await storeJson(blobs, { architecture: "unknown", os: "unknown", rootfs }, MEDIA_TYPES.config);
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers: [statement] };
  return {
    ...(await storeJson(blobs, manifest, MEDIA_TYPES.manifest)),
    platform: { architecture: "unknown", os: "unknown" },
    annotations: {
      "vnd.docker.reference.digest": image.digest,
      "vnd.docker.reference.type": "attestation-manifest",
    },
  };
}

/** An index of amd64, with an attestation, and arm64. */
export async function createTwoArchIndex(blobs: ContentStore, sizeBytes?: number): Promise<Descriptor> {
  const amd64 = await createImage(blobs, "amd64", sizeBytes);
  const attestation = await createAttestation(blobs, amd64);
  const arm64 = await createImage(blobs, "arm64", sizeBytes);
  return await store(blobs, encodeIndex(createIndex([amd64, attestation, arm64])), MEDIA_TYPES.index);
}

/** Reads a stream whole. */
export async function readAll(content: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return concatBytes(chunks);
}
