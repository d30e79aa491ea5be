import type { Abortable } from "../../../core/abort.ts";
import type { Digest } from "../../../core/digest.ts";
import type { ContentStore } from "../../model/content.ts";

/** Something in a cache directory that is not as it should be. */
export interface CacheProblem {
  /**
   * - `marker`: oci-layout is missing or damaged
   * - `index`: index.json is missing or damaged
   * - `entry`: an entry of index.json says something wrong about its content, or another has its name
   * - `damaged`: content is not what its digest says
   * - `missing`: an image needs content that is not there
   * - `invalid`: content is what its digest says, but not what it has to be
   * - `left-behind`: a file that a process left half-written
   */
  readonly kind: "marker" | "index" | "entry" | "damaged" | "missing" | "invalid" | "left-behind";
  /** The file. */
  readonly path: string;
  /** What is wrong with it, in one line. */
  readonly problem: string;
  readonly digest?: Digest;
  /** The name of the image that it is about. */
  readonly image?: string;
  /** What was done about it; undefined if nothing was. */
  readonly repair?: string;
}

/** A cache directory that is looked through. */
export interface Checked extends Abortable {
  readonly layout: string;
  readonly blobs: ContentStore;
  readonly repair: boolean;
}

/** The problem, with what is done about it where repairs are asked for. */
export async function repaired(
  { repair }: Checked,
  problem: CacheProblem,
  what: string,
  action: () => Promise<void>,
): Promise<CacheProblem> {
  if (!repair) return problem;
  await action();
  return { ...problem, repair: what };
}
