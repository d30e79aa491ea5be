import type { Abortable } from "../../core/abort.ts";
import { mapConcurrent } from "../../core/concurrency.ts";
import { formatPlatform } from "../../core/platform.ts";
import type { ContentReader } from "./content.ts";
import { type Descriptor, descriptorPlatform } from "./descriptor.ts";
import { corrupt } from "./fields.ts";
import { parseImageConfig } from "./image-config.ts";
import { attestationSubject } from "./index-merge.ts";
import { childrenOf, parseIndexOrManifest, parseManifest } from "./manifest.ts";
import { isIndexMediaType, isManifestMediaType } from "./media-type.ts";

/** Indexes may lie in indexes; nobody needs more levels than this, or more manifests in all of them. */
const DEPTH_LIMIT = 4;
const MANIFESTS_LIMIT = 2000;
const READS_AT_ONCE = 8;

/** What an index or a manifest refers to directly. @throws ContentError `CONTENT_NOT_FOUND`, `CONTENT_CORRUPT` */
export async function readChildren(
  reader: ContentReader,
  descriptor: Descriptor,
  options: Abortable = {},
): Promise<readonly Descriptor[]> {
  const content = await reader.readBlob(descriptor, { signal: options.signal });
  return childrenOf(parseIndexOrManifest(content, { origin: descriptor.digest, mediaType: descriptor.mediaType }));
}

/**
 * The images and attestations of an index, with nested indexes opened; of a single image, the image itself. Each image
 * has its platform, which is read from its config where the descriptor does not say it.
 *
 * @throws ContentError `CONTENT_NOT_FOUND`, `CONTENT_CORRUPT`
 */
export async function flattenIndex(
  reader: ContentReader,
  descriptor: Descriptor,
  options: Abortable = {},
): Promise<readonly Descriptor[]> {
  return await flatten({ reader, options, left: MANIFESTS_LIMIT }, descriptor, 0);
}

/** Reading a tree that somebody else made. */
interface TreeReading {
  readonly reader: ContentReader;
  readonly options: Abortable;
  /** How many more manifests it may have. */
  left: number;
}

async function flatten(tree: TreeReading, descriptor: Descriptor, depth: number): Promise<readonly Descriptor[]> {
  const { reader, options } = tree;
  tree.left -= 1;
  if (tree.left < 0) throw corrupt(`there are more than ${MANIFESTS_LIMIT} manifests in nested indexes`);
  if (depth > DEPTH_LIMIT) throw corrupt(`${descriptor.digest} lies too deep in nested indexes`);
  if (!isIndexMediaType(descriptor.mediaType)) return [await withPlatform(reader, descriptor, options)];
  const children = await readChildren(reader, descriptor, options);
  const flat = await mapConcurrent(children, READS_AT_ONCE, (child) => flatten(tree, child, depth + 1));
  return flat.flat();
}

async function withPlatform(reader: ContentReader, image: Descriptor, options: Abortable): Promise<Descriptor> {
  const isComplete = image.platform !== undefined || attestationSubject(image) !== undefined;
  if (isComplete || !isManifestMediaType(image.mediaType)) return image;
  const content = await reader.readBlob(image, { signal: options.signal });
  const { config } = parseManifest(content, { origin: image.digest, mediaType: image.mediaType });
  const { platform } = parseImageConfig(await reader.readBlob(config, { signal: options.signal }), config.digest);
  return Object.freeze({ ...image, platform });
}

/** The images among an index's entries, by platform as text. */
export function imagesByPlatform(entries: readonly Descriptor[]): ReadonlyMap<string, Descriptor> {
  return new Map(
    entries.flatMap((entry) => {
      const platform = descriptorPlatform(entry);
      return platform === undefined ? [] : [[formatPlatform(platform), entry] as const];
    }),
  );
}
