import type { Abortable } from "../../core/abort.ts";
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

/**
 * What one build made: an image alone, or an index that holds it with its attestations.
 *
 * @throws ContentError `CONTENT_CORRUPT` for an index of several images, or of none
 */
export async function readAttestedImage(
  reader: ContentReader,
  root: Descriptor,
  options: Abortable = {},
): Promise<AttestedImage> {
  if (!isIndexMediaType(root.mediaType)) return { image: root, attestations: [] };
  const entries = await flattenIndex(reader, root, options);
  const images = entries.filter((entry) => descriptorPlatform(entry) !== undefined);
  const [image] = images;
  if (!image || images.length > 1) throw corrupt(`${root.digest} holds ${images.length} images in place of one`);
  return { image, attestations: attestationsOf(entries, image) };
}

/** Those of an index's entries that attest something of an image. */
export function attestationsOf(
  entries: readonly Descriptor[],
  { digest }: Pick<Descriptor, "digest">,
): readonly Descriptor[] {
  return entries.filter((entry) => attestationSubject(entry) === digest);
}
