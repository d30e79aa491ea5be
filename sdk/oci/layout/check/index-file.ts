import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestHex, digestOf } from "../../../core/digest.ts";
import { ContentError } from "../../../core/errors.ts";
import { createIndex, type ImageIndex } from "../../model/manifest.ts";
import { isMarked, readRootIndex, writeMarker, writeRootIndex } from "../root-index.ts";
import { asWriteError, hasErrorCode } from "../write-error.ts";
import { salvageEntries } from "./index-salvage.ts";
import { findLostRoots } from "./lost-roots.ts";
import { type CacheProblem, type Checked, repaired } from "./problem.ts";

/** The entries of index.json, as far as they can be read. */
export interface CheckedIndex {
  readonly index: ImageIndex;
  readonly problems: readonly CacheProblem[];
}

/** Looks at oci-layout. */
export async function checkMarker(checked: Checked): Promise<readonly CacheProblem[]> {
  const path = join(checked.layout, "oci-layout");
  const problem = await markerProblem(checked.layout);
  if (problem === undefined) return [];
  const repair = () => writeMarker(checked.layout);
  return [await repaired(checked, { kind: "marker", path, problem }, "written anew", repair)];
}

async function markerProblem(layout: string): Promise<string | undefined> {
  try {
    return (await isMarked(layout)) ? undefined : "it is missing";
  } catch (cause) {
    if (!(cause instanceof ContentError)) throw cause;
    // A layout of another version is not ours to change.
    if (cause.details.version !== undefined) throw cause;
    return "it is damaged";
  }
}

/**
 * Looks at index.json. As a repair the entries that stand in it whole are kept, and what lies in the cache without an
 * entry gets one, without a name; the damaged file is kept beside.
 */
export async function checkIndexFile(checked: Checked, sizes: ReadonlyMap<Digest, number>): Promise<CheckedIndex> {
  const { layout } = checked;
  const path = join(layout, "index.json");
  const found = await readIndex(layout);
  if (found.index !== undefined) return { index: found.index, problems: [] };
  const text = await readText(path);
  const salvaged = text === undefined ? [] : salvageEntries(text);
  const lost = await findLostRoots(checked, sizes, salvaged);
  const index = createIndex(checked.repair ? [...salvaged, ...lost] : salvaged);
  const what = `${salvaged.length} entries were saved, and ${lost.length} images have one without a name now`;
  const problem: CacheProblem = { kind: "index", path, problem: found.problem };
  const repair = async () => {
    if (text !== undefined) await keepBeside(path, text);
    await writeRootIndex(layout, index);
  };
  return { index, problems: [await repaired(checked, problem, what, repair)] };
}

async function readIndex(
  layout: string,
): Promise<{ readonly index: ImageIndex } | { readonly index: undefined; readonly problem: string }> {
  try {
    const index = await readRootIndex(layout);
    return index === undefined ? { index, problem: "it is missing" } : { index };
  } catch (cause) {
    if (!(cause instanceof ContentError)) throw cause;
    return { index: undefined, problem: cause.message };
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (hasErrorCode(cause, "ENOENT")) return undefined;
    throw asWriteError(cause, path);
  }
}

async function keepBeside(path: string, text: string): Promise<void> {
  const copy = `${path}.damaged-${digestHex(digestOf(text)).slice(0, 12)}`;
  await copyFile(path, copy).catch((cause: unknown) => {
    throw asWriteError(cause, copy);
  });
}
