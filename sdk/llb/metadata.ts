import type { Digest } from "../core/digest.ts";
import { deepFreeze } from "../core/freeze.ts";
import type { VertexMetadata } from "./definition.ts";

type OwnMetadata = Omit<VertexMetadata, "caps">;
interface Entry {
  metadata: OwnMetadata | undefined;
  caps: readonly string[];
}

/** Gathers the metadata of a definition; vertices with equal bytes share an entry. */
export class MetadataCollector {
  readonly #entries = new Map<Digest, Entry>();
  // Most vertices of a graph need the same capabilities: one frozen list for all of them.
  readonly #capLists = new Map<string, readonly string[]>();

  add(digest: Digest, metadata: OwnMetadata | undefined, caps: readonly string[]): void {
    const known = this.#entries.get(digest);
    if (known === undefined) {
      this.#entries.set(digest, { metadata, caps: this.#capList(caps) });
      return;
    }
    known.metadata = mergeMetadata(known.metadata, metadata);
    known.caps = this.#capList([...known.caps, ...caps]);
  }

  /** The entry of the op that points at the result: it lists what any vertex needs of metadata. */
  addPointer(digest: Digest): void {
    const caps = new Set(["constraints", "platform"]);
    for (const { metadata } of this.#entries.values()) {
      if (metadata?.ignoreCache === true) caps.add("meta.ignorecache");
      if (metadata?.description !== undefined) caps.add("meta.description");
      if (metadata?.exportCache !== undefined) caps.add("meta.exportcache");
    }
    this.add(digest, undefined, [...caps]);
  }

  finish(): ReadonlyMap<Digest, VertexMetadata> {
    const finished = new Map<Digest, VertexMetadata>();
    for (const [digest, { metadata, caps }] of this.#entries) {
      finished.set(digest, deepFreeze({ ...metadata, caps }));
    }
    return finished;
  }

  #capList(caps: readonly string[]): readonly string[] {
    const key = caps.join();
    const known = this.#capLists.get(key);
    if (known !== undefined) return known;
    const list = Object.freeze([...new Set(caps)].sort());
    this.#capLists.set(key, list);
    return list;
  }
}

/** Both as one; where both say something, the later one counts. */
function mergeMetadata(first: OwnMetadata | undefined, second: OwnMetadata | undefined): OwnMetadata | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const description = { ...first.description, ...second.description };
  return {
    ...first,
    ...second,
    ...(Object.keys(description).length === 0 ? {} : { description }),
  };
}
