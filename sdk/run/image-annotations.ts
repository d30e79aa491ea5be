import type { Descriptor } from "../oci/model/descriptor.ts";
import { parseReference } from "../oci/model/reference.ts";
import type { ImageSettings } from "../outputs/image-attributes.ts";
import { INPUTS_ANNOTATION } from "../plan/inputs.ts";
import type { NodeImage } from "./destination.ts";
import type { RunNode } from "./node.ts";
import type { ImageOptions } from "./options.ts";

/** What an exporter is told of a node's image. */
export function imageSettings(node: RunNode, { compression }: ImageOptions): ImageSettings {
  return {
    repository: parseReference(node.planned.reference),
    annotations: imageAnnotations(node),
    compression,
    epochSeconds: node.tagged.package.reproducible?.epochSeconds,
  };
}

/** The annotations of a node's image manifest: the package's own, and the inputs that the tag does not cover. */
function imageAnnotations({ tagged, inputs }: RunNode): Readonly<Record<string, string>> {
  return { ...tagged.package.annotations, ...inputsAnnotation(inputs) };
}

/**
 * A node's image as entries of its package's index: with its platform, and with its inputs, so that one look tells them;
 * and what is attested of it.
 */
export function indexEntries({ node, image, attestations }: NodeImage): readonly Descriptor[] {
  return [imageEntry(node, image), ...attestations];
}

function imageEntry(node: RunNode, { mediaType, size, digest }: Descriptor): Descriptor {
  const annotations = inputsAnnotation(node.inputs);
  return {
    mediaType,
    size,
    digest,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    platform: node.platform,
  };
}

function inputsAnnotation(inputs: string | undefined): Readonly<Record<string, string>> {
  return inputs === undefined ? {} : { [INPUTS_ANNOTATION]: inputs };
}
