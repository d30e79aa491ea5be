import type { Abortable } from "../../core/abort.ts";
import type { Digest } from "../../core/digest.ts";
import { ContentError } from "../../core/errors.ts";
import type { ContentStore } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { readChildren } from "../model/image-tree.ts";
import { isIndexMediaType, isManifestMediaType } from "../model/media-type.ts";

/** Indexes may lie in indexes; nobody needs more than this. */
const DEPTH_LIMIT = 4;

/** What of an image or index, and of all that it refers to, is not in the store. */
export async function findMissing(
  blobs: ContentStore,
  root: Descriptor,
  options: Abortable = {},
): Promise<readonly Descriptor[]> {
  const missing: Descriptor[] = [];
  for await (const { descriptor, present } of walkContent(blobs, root, options)) if (!present) missing.push(descriptor);
  return missing;
}

/** How content is walked. */
export interface WalkOptions extends Abortable {
  /** What was met already is not met again; what is met is added. */
  readonly seen?: Set<Digest>;
}

/**
 * Everything that a descriptor leads to, each content once, what is referred to before what refers to it. What is not
 * there is named, and not gone into.
 *
 * @throws ContentError `CONTENT_CORRUPT` if a manifest does not parse, or indexes are nested without end
 */
export async function* walkContent(
  blobs: ContentStore,
  root: Descriptor,
  options: WalkOptions = {},
): AsyncGenerator<{ readonly descriptor: Descriptor; readonly present: boolean }, void, undefined> {
  yield* walk(blobs, root, { seen: new Set(), ...options, depth: 0 });
}

interface WalkState extends Abortable {
  readonly seen: Set<Digest>;
  readonly depth: number;
}

async function* walk(
  blobs: ContentStore,
  descriptor: Descriptor,
  state: WalkState,
): AsyncGenerator<{ readonly descriptor: Descriptor; readonly present: boolean }, void, undefined> {
  state.signal?.throwIfAborted();
  if (state.seen.has(descriptor.digest)) return;
  state.seen.add(descriptor.digest);
  const present = await blobs.hasBlob(descriptor);
  if (present && isContainer(descriptor)) {
    if (state.depth >= DEPTH_LIMIT) {
      throw new ContentError("CONTENT_CORRUPT", `${descriptor.digest} lies too deep in nested indexes`);
    }
    for (const child of await readChildren(blobs, descriptor, state)) {
      yield* walk(blobs, child, { ...state, depth: state.depth + 1 });
    }
  }
  yield { descriptor, present };
}

function isContainer(descriptor: Descriptor): boolean {
  return isIndexMediaType(descriptor.mediaType) || isManifestMediaType(descriptor.mediaType);
}
