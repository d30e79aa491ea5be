import type { Digest } from "../../core/digest.ts";
import type { AttestedImage } from "../../oci/model/attested-image.ts";
import type { BuildOutput } from "../../outputs/build-output.ts";
import type { PlannedPackage } from "../../plan/plan.ts";
import type { RunNode } from "../build/node.ts";
import type { AssignedNode } from "../facts/assigned-plan.ts";

/** An image with what goes with it into its index. */
export interface MadeImage extends AttestedImage {
  /** Besides the package's own; keys with their places. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** An image that a node made, moved or found. */
export interface NodeImage extends MadeImage {
  readonly node: RunNode;
}

/** Where a verb's results go: what is different between building, pushing, loading and exporting. */
export interface Destination {
  /** Where the engine sends a node's result. */
  output(node: AssignedNode): Promise<BuildOutput>;
  /** What remains to be done with an image that was built, before its package is published. */
  settle(node: AssignedNode, built: AttestedImage): Promise<void>;
  /** Moves an image that exists elsewhere: pulls it, or uploads it. */
  transfer(node: RunNode): Promise<MadeImage | undefined>;
  /**
   * Makes a package's images findable under their tags, once all of them are there.
   *
   * @returns digest of the index; undefined where the destination has none
   */
  publish(planned: PlannedPackage, images: readonly NodeImage[]): Promise<Digest | undefined>;
}
