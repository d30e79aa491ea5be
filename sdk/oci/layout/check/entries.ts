import { join } from "node:path";
import type { Digest } from "../../../core/digest.ts";
import { ContentError } from "../../../core/errors.ts";
import { type Descriptor, descriptorPlatform } from "../../model/descriptor.ts";
import { flattenIndex } from "../../model/image-tree.ts";
import { type ImageIndex, parseIndexOrManifest } from "../../model/manifest.ts";
import { isIndexMediaType, isManifestMediaType } from "../../model/media-type.ts";
import { findMissing } from "../closure.ts";
import { blobPath } from "../garbage.ts";
import { NAME_ANNOTATION, writeRootIndex } from "../root-index.ts";
import type { CacheProblem, Checked } from "./problem.ts";

/** What the entries of index.json lead to. */
export interface CheckedEntries {
  /** Entries after repairs. */
  readonly count: number;
  /** Names of indexes of which only some images are in the cache, as after a pull of chosen platforms. */
  readonly partial: readonly string[];
  readonly problems: readonly CacheProblem[];
}

/** What becomes of one entry. */
interface Verdict {
  /** Undefined if nothing of it is there. */
  readonly entry: Descriptor | undefined;
  readonly isPartial?: boolean;
  readonly problems: readonly CacheProblem[];
}

/** Follows every entry. As a repair, entries without content are removed, and those that are wrong about it put right. */
export async function checkEntries(
  checked: Checked,
  index: ImageIndex,
  sizes: ReadonlyMap<Digest, number>,
): Promise<CheckedEntries> {
  const verdicts: Verdict[] = [];
  for (const [place, entry] of index.manifests.entries()) {
    const isOutdated = index.manifests.slice(place + 1).some((later) => nameOf(later) === nameOf(entry));
    if (nameOf(entry) !== undefined && isOutdated) verdicts.push(outdated(checked, entry));
    else verdicts.push(await checkEntry(checked, entry, sizes));
  }
  const kept = verdicts.flatMap(({ entry }) => entry ?? []);
  const isChanged = verdicts.some(({ entry }, place) => entry !== index.manifests[place]);
  if (checked.repair && isChanged) await writeRootIndex(checked.layout, { ...index, manifests: kept });
  return {
    count: checked.repair ? kept.length : index.manifests.length,
    partial: verdicts.flatMap(({ entry, isPartial }) => (isPartial && entry ? [nameOf(entry) ?? entry.digest] : [])),
    problems: verdicts.flatMap(({ problems }) => problems),
  };
}

async function checkEntry(checked: Checked, entry: Descriptor, sizes: ReadonlyMap<Digest, number>): Promise<Verdict> {
  const size = sizes.get(entry.digest);
  if (size === undefined) {
    const problem = problemOf(checked, entry, "missing", "an entry leads to it, but it is not there");
    return { entry: undefined, problems: [withRepair(checked, problem, "the entry was removed")] };
  }
  try {
    const mediaType = await trueMediaType(checked, { ...entry, size });
    const isRight = size === entry.size && mediaType === entry.mediaType;
    const corrected = isRight ? entry : { ...entry, size, mediaType };
    const wrong = problemOf(checked, entry, "entry", `it has ${size} bytes and is ${mediaType}, not as its entry says`);
    const below = await checkContent(checked, corrected);
    const problems = isRight ? [] : [withRepair(checked, wrong, "the entry was put right")];
    return { ...below, problems: [...problems, ...below.problems] };
  } catch (cause) {
    if (!(cause instanceof ContentError)) throw cause;
    return { entry, problems: [problemOf(checked, entry, "invalid", cause.message)] };
  }
}

/** What an image or index leads to: of an index, images may be missing as a whole. */
async function checkContent(checked: Checked, entry: Descriptor): Promise<Verdict> {
  const missing = await findMissing(checked.blobs, entry, checked);
  if (missing.length === 0) return { entry, problems: [] };
  const hasWhole = isIndexMediaType(entry.mediaType) && (await hasWholeImage(checked, entry));
  const isAbsent = ({ mediaType }: Descriptor) => isManifestMediaType(mediaType);
  const broken = hasWhole ? missing.filter((blob) => !isAbsent(blob)) : missing;
  const isPartial = hasWhole && missing.some(isAbsent);
  const problems = broken.map((blob) => problemOf(checked, entry, "missing", "the image needs it", blob.digest));
  return { entry, isPartial, problems };
}

async function hasWholeImage(checked: Checked, index: Descriptor): Promise<boolean> {
  for (const image of await presentImages(checked, index)) {
    if ((await findMissing(checked.blobs, image, checked)).length === 0) return true;
  }
  return false;
}

async function presentImages(checked: Checked, index: Descriptor): Promise<readonly Descriptor[]> {
  try {
    return (await flattenIndex(checked.blobs, index, checked)).filter((image) => descriptorPlatform(image));
  } catch (cause) {
    if (cause instanceof ContentError && cause.code === "CONTENT_NOT_FOUND") return [];
    throw cause;
  }
}

async function trueMediaType({ blobs, signal }: Checked, entry: Descriptor): Promise<string> {
  if (!isIndexMediaType(entry.mediaType) && !isManifestMediaType(entry.mediaType)) return entry.mediaType;
  return parseIndexOrManifest(await blobs.readBlob(entry, { signal }), { origin: entry.digest }).mediaType;
}

function outdated(checked: Checked, entry: Descriptor): Verdict {
  const path = join(checked.layout, "index.json");
  const problem = { ...problemOf(checked, entry, "entry", "a later entry has the same name"), path };
  return { entry: undefined, problems: [withRepair(checked, problem, "the older entry was removed")] };
}

function withRepair({ repair }: Checked, problem: CacheProblem, what: string): CacheProblem {
  return repair ? { ...problem, repair: what } : problem;
}

function problemOf(
  { layout }: Checked,
  entry: Descriptor,
  kind: CacheProblem["kind"],
  problem: string,
  digest: Digest = entry.digest,
): CacheProblem {
  const image = nameOf(entry);
  return { kind, path: blobPath(layout, digest), problem, digest, ...(image === undefined ? {} : { image }) };
}

function nameOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[NAME_ANNOTATION];
}
