import { type AnnotationLevel, annotationsAt } from "../../oci/model/annotation-key.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import { parseReference } from "../../oci/model/reference.ts";
import type { ImageSettings } from "../../outputs/image-attributes.ts";
import { INPUT_DIGESTS_ANNOTATION, INPUTS_ANNOTATION } from "../../plan/inputs.ts";
import type { RunNode } from "../build/node.ts";
import type { ImageOptions } from "../facade/options.ts";
import type { NodeImage } from "./destination.ts";

type Annotations = Readonly<Record<string, string>>;

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
function imageAnnotations({ tagged, inputs, inputDigests, plan }: RunNode): Annotations {
  return {
    ...annotationsAt(tagged.package.annotations, "manifest", plan.platform),
    ...inputsAnnotation(inputs),
    ...(inputDigests === undefined ? {} : { [INPUT_DIGESTS_ANNOTATION]: inputDigests }),
  };
}

/**
 * A node's image as entries of its package's index: with its platform, and with its inputs, so that one look tells them;
 * and what is attested of it.
 */
export function indexEntries(made: NodeImage): readonly Descriptor[] {
  return [imageEntry(made), ...made.attestations];
}

/** The annotations that images of a package give to their index, or to the descriptor that points to it. */
export function annotationsOfIndex(images: readonly NodeImage[], level: "index" | "index-descriptor"): Annotations {
  return Object.assign({}, ...images.map((made) => annotationsOf(made, level)));
}

function annotationsOf({ node, annotations }: NodeImage, level: AnnotationLevel): Annotations {
  return annotationsAt({ ...node.tagged.package.annotations, ...annotations }, level, node.plan.platform);
}

function imageEntry(made: NodeImage): Descriptor {
  const { node } = made;
  const { mediaType, size, digest } = made.image;
  const annotations = { ...annotationsOf(made, "manifest-descriptor"), ...inputsAnnotation(node.inputs) };
  return {
    mediaType,
    size,
    digest,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    platform: node.platform,
  };
}

function inputsAnnotation(inputs: string | undefined): Annotations {
  return inputs === undefined ? {} : { [INPUTS_ANNOTATION]: inputs };
}
