import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import type { Digest } from "../../core/digest.ts";
import { ContentError } from "../../core/errors.ts";
import type { ContentStore } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import type { ImageIndex } from "../model/manifest.ts";
import { tryLockFile } from "./file-lock.ts";
import { isDamage, type RemovedContent, reachableFrom, removeGarbage } from "./garbage.ts";
import { NAME_ANNOTATION, writeRootIndex } from "./root-index.ts";

/** What was removed. */
export interface Removal extends RemovedContent {
  /** As they stood in index.json. */
  readonly names: readonly string[];
  /**
   * Why content that nothing refers to was left where it is: somebody is writing into the cache, or it is damaged, so
   * that it cannot be known what belongs to what.
   */
  readonly left?: "in-use" | "damaged";
}

/** A layout whose lock is held. */
export interface LockedLayout extends Abortable {
  readonly layout: string;
  readonly blobs: ContentStore;
  readonly index: ImageIndex;
}

const NOTHING: RemovedContent = { blobs: 0, sizeBytes: 0 };

/**
 * Removes names, and the content that only they led to. Content of others that nothing refers to is left alone.
 *
 * @throws ContentError `CONTENT_NOT_FOUND` if a name is not there; then nothing is removed
 */
export async function removeNames(locked: LockedLayout, names: readonly string[]): Promise<Removal> {
  const gone = new Set(names);
  return await removeEntries(locked, ({ annotations }) => gone.has(annotations?.[NAME_ANNOTATION] ?? ""));
}

/** As {@link removeNames}, for all entries that are chosen. */
export async function removeEntries(locked: LockedLayout, isGone: (entry: Descriptor) => boolean): Promise<Removal> {
  const { index, blobs, layout, signal } = locked;
  const removed = index.manifests.filter(isGone);
  const candidates = await reachableFrom(blobs, removed, { signal });
  const kept = index.manifests.filter((entry) => !removed.includes(entry));
  // Names go first: whoever is killed in between leaves content without names, never names without content.
  await writeRootIndex(layout, { ...index, manifests: kept });
  const names = removed.flatMap(({ annotations }) => annotations?.[NAME_ANNOTATION] ?? []);
  return { names, ...(await removeUnused({ ...locked, index: { ...index, manifests: kept } }, candidates)) };
}

/** Removes content that nothing refers to: `candidates` of it, or all. */
export async function removeUnused(
  { layout, blobs, index, signal }: LockedLayout,
  candidates?: ReadonlySet<Digest>,
): Promise<Omit<Removal, "names">> {
  const alone = await tryLockFile(contentLockPath(layout), { signal });
  if (alone === undefined) return { ...NOTHING, left: "in-use" };
  try {
    return await removeGarbage({ layout, blobs, kept: index.manifests, signal }, candidates);
  } catch (cause) {
    if (isDamage(cause)) return { ...NOTHING, left: "damaged" };
    throw cause;
  } finally {
    await alone[Symbol.asyncDispose]();
  }
}

/** The file that is locked, shared, by those who store content and name it later. */
export function contentLockPath(layout: string): string {
  return join(layout, ".in-use");
}

/** @throws ContentError `CONTENT_NOT_FOUND` */
export function missingName(name: string): ContentError {
  return new ContentError("CONTENT_NOT_FOUND", `the cache has no image named ${name}`, {
    hint: "`kitsmith cache ls` lists the names.",
    details: { reference: name },
  });
}
