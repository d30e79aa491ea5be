import type { Pack } from "tar-stream";
import type { Abortable } from "../../core/abort.ts";
import { digestHex } from "../../core/digest.ts";
import { ContentError } from "../../core/errors.ts";
import { formatPlatform, type Platform, samePlatform } from "../../core/platform.ts";
import type { ContentReader, ContentStore, ContentStream } from "../model/content.ts";
import { type Descriptor, descriptorPlatform } from "../model/descriptor.ts";
import { flattenIndex } from "../model/image-tree.ts";
import { createIndex, formatRootIndex, type ImageManifest, parseManifest } from "../model/manifest.ts";
import { isIndexMediaType } from "../model/media-type.ts";
import { addBlob, addText, streamArchive } from "./archive-entries.ts";
import { walkContent } from "./closure.ts";
import { packFilesystem } from "./root-filesystem.ts";
import { NAME_ANNOTATION } from "./root-index.ts";

/** `oci`: an OCI layout. `docker`: what `docker load` reads. `filesystem`: the files of an image, its layers flattened. */
export type ExportFormat = "oci" | "docker" | "filesystem";

/** What an archive holds and how it is called in it. */
export interface ExportOptions extends Abortable {
  /** All but `oci` are of one platform. */
  readonly format: ExportFormat;
  /** The name in the archive, in full; without it the image has none. */
  readonly name?: string;
  /** Which image of an index; needed unless the index has one image only. Default for `oci`: everything. */
  readonly platform?: Platform;
}

/**
 * An image, or an index with all its images, as a tar. Equal content gives equal bytes; nothing is held in memory.
 *
 * @throws ContentError `CONTENT_NOT_FOUND`, `CONTENT_CORRUPT`, `CONTENT_DIGEST_MISMATCH`, while it is read
 */
export async function* exportArchive(blobs: ContentStore, root: Descriptor, options: ExportOptions): ContentStream {
  const chosen = options.platform || options.format !== "oci" ? await chooseImage(blobs, root, options) : root;
  yield* streamArchive((archive, signal) => fill(blobs, archive, chosen, { ...options, signal }), options.signal);
}

/**
 * The one image of an index that an archive of one platform holds.
 *
 * @throws ContentError `CONTENT_NOT_FOUND`
 */
export async function chooseImage(
  blobs: ContentReader,
  root: Descriptor,
  options: Abortable & Pick<ExportOptions, "platform">,
): Promise<Descriptor> {
  if (!isIndexMediaType(root.mediaType)) return root;
  const images = (await flattenIndex(blobs, root, options)).filter((entry) => descriptorPlatform(entry) !== undefined);
  const wanted = options.platform;
  const fitting = wanted === undefined ? images : images.filter((image) => isFor(image, wanted));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  const present = images.flatMap((image) => descriptorPlatform(image) ?? []).map(formatPlatform);
  const problem = wanted === undefined ? "more than one image" : `no image for ${formatPlatform(wanted)}`;
  throw new ContentError("CONTENT_NOT_FOUND", `${root.digest} has ${problem}`, {
    hint: `Name one of its platforms: ${present.join(", ")}.`,
    details: { platforms: present },
  });
}

function isFor(image: Descriptor, platform: Platform): boolean {
  const own = descriptorPlatform(image);
  return own !== undefined && samePlatform(own, platform);
}

async function fill(blobs: ContentStore, archive: Pack, root: Descriptor, options: ExportOptions): Promise<void> {
  if (options.format === "oci") await fillLayout(blobs, archive, root, options);
  else if (options.format === "docker") await fillDocker(blobs, archive, root, options);
  else await packFilesystem(archive, blobs, (await readManifest(blobs, root, options)).layers, options);
}

async function fillLayout(blobs: ContentStore, archive: Pack, root: Descriptor, options: ExportOptions): Promise<void> {
  await addText(archive, "oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  for await (const { descriptor, present } of walkContent(blobs, root, options)) {
    if (!present) throw missing(descriptor);
    await addBlob(archive, `blobs/sha256/${digestHex(descriptor.digest)}`, blobs, descriptor, options);
  }
  const names = options.name === undefined ? {} : { [NAME_ANNOTATION]: options.name, [IMAGE_NAME]: options.name };
  const entry = { ...root, annotations: { ...root.annotations, ...names } };
  await addText(archive, "index.json", formatRootIndex(createIndex([entry])));
}

/** What containerd, and `cache import` with it, reads the name from. */
export const IMAGE_NAME: string = "io.containerd.image.name";

/** @source https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md */
async function fillDocker(
  blobs: ContentStore,
  archive: Pack,
  image: Descriptor,
  options: ExportOptions,
): Promise<void> {
  const manifest = await readManifest(blobs, image, options);
  const config = `${digestHex(manifest.config.digest)}.json`;
  const layers = manifest.layers.map((layer) => `${digestHex(layer.digest)}.tar.gz`);
  await addBlob(archive, config, blobs, manifest.config, options);
  for (const layer of new Map(manifest.layers.map((entry) => [entry.digest, entry])).values()) {
    await addBlob(archive, `${digestHex(layer.digest)}.tar.gz`, blobs, layer, options);
  }
  const names = options.name === undefined ? null : [options.name];
  await addText(archive, "manifest.json", JSON.stringify([{ Config: config, RepoTags: names, Layers: layers }]));
}

async function readManifest(blobs: ContentReader, image: Descriptor, options: Abortable): Promise<ImageManifest> {
  const content = await blobs.readBlob(image, options.signal === undefined ? {} : { signal: options.signal });
  return parseManifest(content, { origin: image.digest, mediaType: image.mediaType });
}

function missing(descriptor: Descriptor): ContentError {
  return new ContentError("CONTENT_NOT_FOUND", `there is no ${descriptor.digest} in the cache`, {
    hint: "Pull or build the image again.",
  });
}
