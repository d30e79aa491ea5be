import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { runProgram } from "./program.mjs";

const MEDIA_TYPES = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  // Not compressed: the images only travel from one program of this machine to the next.
  layer: "application/vnd.oci.image.layer.v1.tar",
};
const CREATED = "1970-01-01T00:00:00Z";

/** Opens a new, empty OCI image layout. */
export async function createLayout(directory) {
  const blobs = join(directory, "blobs/sha256");
  await mkdir(blobs, { recursive: true });
  const references = [];
  const put = async (mediaType, value) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    await writeFile(join(blobs, digest.slice(7)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  return {
    /** Writes an image of one layer; the same root gives the same bytes. */
    async putImage({ root, architecture, environment, signal }) {
      const layer = await putLayer(root, blobs, signal);
      const config = await put(MEDIA_TYPES.config, {
        created: CREATED,
        architecture,
        os: "linux",
        config: {
          Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
          Cmd: ["/bin/sh"],
        },
        rootfs: { type: "layers", diff_ids: [layer.digest] },
        history: [{ created: CREATED, created_by: "unpacked from Debian packages" }],
      });
      const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers: [layer] };
      return { ...(await put(MEDIA_TYPES.manifest, manifest)), platform: { architecture, os: "linux" } };
    },
    /** Names the images of all platforms. */
    async putIndex(name, manifests) {
      const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests };
      const descriptor = await put(MEDIA_TYPES.index, index);
      references.push({ ...descriptor, annotations: { "org.opencontainers.image.ref.name": name } });
    },
    /** Makes the layout readable. */
    async close() {
      await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
      const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: references };
      await writeFile(join(directory, "index.json"), JSON.stringify(index));
    },
  };
}

async function putLayer(root, blobs, signal) {
  const partial = `${root}.tar`;
  const names = ["--sort=name", "--format=gnu", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  await runProgram("tar", ["-c", "-f", partial, "-C", root, ...names, "."], { signal });
  await rm(root, { recursive: true });
  const hash = createHash("sha256");
  await pipeline(createReadStream(partial), hash);
  const digest = `sha256:${hash.digest("hex")}`;
  const { size } = await stat(partial);
  await rename(partial, join(blobs, digest.slice(7)));
  return { mediaType: MEDIA_TYPES.layer, digest, size };
}
