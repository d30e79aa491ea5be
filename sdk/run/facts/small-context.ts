import { openTree } from "../../context/virtual-tree.ts";
import { walkBatches } from "../../context/walk.ts";
import type { Abortable } from "../../core/abort.ts";
import { isKitsmithError } from "../../core/errors.ts";
import { mayGoWhole } from "../../lower/dockerfile.ts";
import type { Package } from "../../pkg/package.ts";

/** What a Dockerfile does not copy may go over in vain: more of it would cost more than the transfers that are saved. */
const MOST_ENTRIES = 64;
const MOST_BYTES = 256 * 1024;

/**
 * True if the directory of a package with a Dockerfile may go over as a whole, and is so small that this is better than bit by
 * bit. Of others nothing is looked at. What cannot be read is left to the build, which may do without it.
 */
export async function isSmallContext({ directory, source }: Package, options: Abortable): Promise<boolean> {
  if (source.kind !== "dockerfile" || !mayGoWhole(source)) return false;
  try {
    return await isSmall(directory, options);
  } catch (error) {
    if (isKitsmithError(error) && error.code === "INPUT_SOURCE_UNREADABLE") return false;
    throw error;
  }
}

async function isSmall(directory: string, options: Abortable): Promise<boolean> {
  const tree = await openTree({ layers: [{ directory, prefix: "" }] });
  let [entries, bytes] = [0, 0];
  for await (const batch of walkBatches(tree, options)) {
    entries += batch.length;
    bytes += batch.reduce((sum, { stat }) => sum + stat.sizeBytes, 0);
    if (entries > MOST_ENTRIES || bytes > MOST_BYTES) return false;
  }
  return true;
}
