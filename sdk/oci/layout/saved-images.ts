import type { Pack } from "tar-stream";
import type { Abortable } from "../../core/abort.ts";
import { digestHex } from "../../core/digest.ts";
import type { ContentStore, ContentStream } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { createIndex, formatRootIndex, type ImageManifest, parseManifest } from "../model/manifest.ts";
import { formatFamiliar, formatReference, type Reference } from "../model/reference.ts";
import { addBlob, addDirectory, addText, streamArchive } from "./archive-entries.ts";
import { IMAGE_NAME } from "./archive-export.ts";
import { NAME_ANNOTATION } from "./root-index.ts";

/** An image of one platform, and how it is called. */
export interface SavedImage {
  readonly image: Descriptor;
  /** Without tag it gets no name: that is how docker saves what it has by digest only. */
  readonly reference: Reference;
}

const BLOBS = "blobs/sha256";

/**
 * Images as a tar of the kind that `docker image save` writes where docker keeps images in containerd: an OCI layout with
 * a manifest.json besides, which older versions of `docker load` read. Equal content gives equal bytes; nothing is held
 * in memory.
 *
 * @throws ContentError `CONTENT_NOT_FOUND`, `CONTENT_CORRUPT`, `CONTENT_DIGEST_MISMATCH`, while it is read
 * @source https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md
 */
export function saveImages(
  blobs: ContentStore,
  images: readonly SavedImage[],
  { signal }: Abortable = {},
): ContentStream {
  return streamArchive((archive, stopped) => fill(archive, blobs, images, stopped), signal);
}

async function fill(
  archive: Pack,
  blobs: ContentStore,
  images: readonly SavedImage[],
  signal: AbortSignal,
): Promise<void> {
  await addDirectory(archive, "blobs/");
  await addDirectory(archive, `${BLOBS}/`);
  const added = new Set<string>();
  const manifests: { readonly saved: SavedImage; readonly manifest: ImageManifest }[] = [];
  for (const saved of images) {
    const { image } = saved;
    const content = await blobs.readBlob(image, { signal });
    const manifest = parseManifest(content, { origin: image.digest, mediaType: image.mediaType });
    for (const blob of [manifest.config, ...manifest.layers, image]) {
      if (added.has(blob.digest)) continue;
      added.add(blob.digest);
      await addBlob(archive, blobPath(blob), blobs, blob, { signal });
    }
    manifests.push({ saved, manifest });
  }
  await addText(archive, "index.json", formatRootIndex(createIndex(images.map(indexEntry))));
  await addText(archive, "manifest.json", JSON.stringify(manifests.map(dockerEntry)));
  await addText(archive, "oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

function blobPath({ digest }: Pick<Descriptor, "digest">): string {
  return `${BLOBS}/${digestHex(digest)}`;
}

function indexEntry({ image, reference }: SavedImage): Descriptor {
  const { mediaType, digest, size, platform } = image;
  const { registry, repository, tag } = reference;
  const names =
    tag === undefined ? {} : { [IMAGE_NAME]: formatReference({ registry, repository, tag }), [NAME_ANNOTATION]: tag };
  return {
    ...{ mediaType, digest, size },
    ...(platform === undefined ? {} : { platform }),
    ...(tag === undefined ? {} : { annotations: names }),
  };
}

function dockerEntry({ saved, manifest }: { readonly saved: SavedImage; readonly manifest: ImageManifest }) {
  const { registry, repository, tag } = saved.reference;
  return {
    Config: blobPath(manifest.config),
    RepoTags: tag === undefined ? null : [formatFamiliar({ registry, repository, tag })],
    Layers: manifest.layers.map(blobPath),
  };
}
