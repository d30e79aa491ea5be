import type { Descriptor } from "../oci/model/descriptor.ts";
import { INPUTS_ANNOTATION } from "../plan/inputs.ts";
import type { NodeImage } from "./destination.ts";
import type { RunNode } from "./node.ts";

/** The annotations of a node's image manifest: the package's own, and the inputs that the tag does not cover. */
export function imageAnnotations({ tagged, inputs }: RunNode): Readonly<Record<string, string>> {
  return { ...tagged.package.annotations, ...inputsAnnotation(inputs) };
}

/** A node's image as entry of its package's index: with its platform, and with its inputs, so that one look tells them. */
export function indexEntry({ node, descriptor }: NodeImage): Descriptor {
  const { mediaType, size, digest } = descriptor;
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
