import type { Digest } from "../core/digest.ts";
import { deepFreeze } from "../core/freeze.ts";
import type { VertexMetadata } from "./definition.ts";

type OwnMetadata = Omit<VertexMetadata, "caps">;

/** Gathers the metadata of a definition; vertices with equal bytes share an entry. */
export class MetadataCollector {
  readonly #entries = new Map<Digest, VertexMetadata>();
  // Most vertices of a graph have nothing but the same capabilities: one frozen value serves them all.
  readonly #capsOnly = new Map<string, VertexMetadata>();
  readonly #pointerCaps = new Set(["constraints", "platform"]);

  add(digest: Digest, own: OwnMetadata | undefined, caps: readonly string[]): void {
    const known = this.#entries.get(digest);
    if (own?.ignoreCache === true) this.#pointerCaps.add("meta.ignorecache");
    if (own?.description !== undefined) this.#pointerCaps.add("meta.description");
    if (own?.exportCache !== undefined) this.#pointerCaps.add("meta.exportcache");
    if (own === undefined && known === undefined) this.#entries.set(digest, this.#onlyCaps(caps));
    else this.#entries.set(digest, deepFreeze(mergeMetadata(known, own, caps)));
  }

  /** The entry of the op that points at the result: it lists what any vertex needs of metadata. */
  addPointer(digest: Digest): void {
    this.add(digest, undefined, [...this.#pointerCaps]);
  }

  finish(): ReadonlyMap<Digest, VertexMetadata> {
    return this.#entries;
  }

  #onlyCaps(caps: readonly string[]): VertexMetadata {
    const key = caps.join();
    const known = this.#capsOnly.get(key);
    if (known !== undefined) return known;
    const metadata = deepFreeze({ caps: sortedCaps(caps) });
    this.#capsOnly.set(key, metadata);
    return metadata;
  }
}

/** Both as one; where both say something, the later one counts. */
function mergeMetadata(
  first: VertexMetadata | undefined,
  second: OwnMetadata | undefined,
  caps: readonly string[],
): VertexMetadata {
  const description = { ...first?.description, ...second?.description };
  return {
    ...first,
    ...second,
    ...(Object.keys(description).length === 0 ? {} : { description }),
    caps: sortedCaps([...(first?.caps ?? []), ...caps]),
  };
}

function sortedCaps(caps: readonly string[]): readonly string[] {
  return [...new Set(caps)].sort();
}
