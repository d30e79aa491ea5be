import type { TreeListing } from "./tree-listing.ts";

/** Lets transfers that go on at the same time take from one walk. */
export interface SharedListings {
  /**
   * Calls `use` with the listing under this key; one is created where nobody uses any. It is forgotten with its last user.
   *
   * @internal
   */
  with<Result>(key: string, create: () => TreeListing, use: (listing: TreeListing) => Promise<Result>): Promise<Result>;
}

/**
 * Creates a place for listings to be shared, for whoever makes sure that what changes in a directory while it is sent is
 * noticed: a transfer that joins another gets the tree as that one saw it.
 */
export function createSharedListings(): SharedListings {
  const shared = new Map<string, { readonly listing: TreeListing; users: number }>();
  return {
    async with(key, create, use) {
      const found = shared.get(key) ?? { listing: create(), users: 0 };
      shared.set(key, found);
      found.users += 1;
      try {
        return await use(found.listing);
      } finally {
        found.users -= 1;
        if (found.users === 0) shared.delete(key);
      }
    },
  };
}
