import type { Abortable } from "../../core/abort.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import type { ContentReader } from "./content.ts";
import { type Descriptor, descriptorPlatform } from "./descriptor.ts";
import { corrupt } from "./fields.ts";
import { flattenIndex } from "./image-tree.ts";
import { attestationSubject } from "./index-merge.ts";
import { isIndexMediaType } from "./media-type.ts";

/** An image, and the manifests of what is attested of it. */
export interface AttestedImage {
  readonly image: Descriptor;
  /** As they stand in an index: with the annotations that tie them to the image. */
  readonly attestations: readonly Descriptor[];
}

/** Which of the images of an index is meant. */
export interface AttestedImageOptions extends Abortable {
  /** Default: there is only one. */
  readonly platform?: Platform;
}

/**
 * What one build made: an image alone, or an index that holds it with its attestations, and perhaps those of other platforms.
 *
 * @throws ContentError `CONTENT_CORRUPT` for an index of several such images, or of none
 */
export async function readAttestedImage(
  reader: ContentReader,
  root: Descriptor,
  { platform, signal }: AttestedImageOptions = {},
): Promise<AttestedImage> {
  if (!isIndexMediaType(root.mediaType)) return { image: root, attestations: [] };
  const entries = await flattenIndex(reader, root, { signal });
  const images = entries.filter((entry) => isImageFor(entry, platform));
  const [image] = images;
  if (!image || images.length > 1) throw corrupt(`${root.digest} holds ${images.length} images in place of one`);
  return { image, attestations: attestationsOf(entries, image) };
}

function isImageFor(entry: Descriptor, wanted: Platform | undefined): boolean {
  const platform = descriptorPlatform(entry);
  return platform !== undefined && (wanted === undefined || formatPlatform(platform) === formatPlatform(wanted));
}

/** Those of an index's entries that attest something of an image. */
export function attestationsOf(
  entries: readonly Descriptor[],
  { digest }: Pick<Descriptor, "digest">,
): readonly Descriptor[] {
  return entries.filter((entry) => attestationSubject(entry) === digest);
}
