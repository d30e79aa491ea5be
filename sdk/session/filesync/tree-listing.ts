import { createEntryOpener } from "../../context/open-file.ts";
import { createPace } from "../../context/pace.ts";
import type { VirtualTree } from "../../context/virtual-tree.ts";
import { type WalkOptions, walkBatches } from "../../context/walk.ts";
import type { EntryBatch, TreeSource } from "../../wire/fsutil/sender.ts";
import { createEntryTable } from "./entry-table.ts";

/** A tree as it is sent. Several transfers may take from it at once: the first one that wants more walks on. */
export interface TreeListing extends TreeSource {
  /** Entries that exclude patterns kept out so far. */
  readonly entriesIgnored: number;
}

/** Walks a tree as far as it is asked for, once. A failure of the walk is everybody's. */
export function createTreeListing(tree: VirtualTree, options: Pick<WalkOptions, "filters" | "hidden">): TreeListing {
  const pace = createPace();
  const table = createEntryTable();
  const openEntry = createEntryOpener(pace);
  const batches: EntryBatch[] = [];
  let entriesIgnored = 0;
  let isWhole = false;
  let step: Promise<void> | undefined;
  const walk = walkBatches(tree, {
    ...options,
    pace,
    onIgnored: (entries) => {
      entriesIgnored += entries;
    },
  });

  const walkOn = async (): Promise<void> => {
    const { done, value } = await walk.next();
    if (done) isWhole = true;
    else batches.push(...table.add(value));
    step = undefined;
  };

  return {
    get entriesIgnored() {
      return entriesIgnored;
    },
    async *batches() {
      for (let index = 0; ; index += 1) {
        while (index >= batches.length && !isWhole) {
          // One that fails stays: whoever comes later gets the same failure.
          step ??= walkOn();
          await step;
        }
        const batch = batches[index];
        if (batch === undefined) return;
        yield batch;
      }
    },
    file(id) {
      const found = table.file(id);
      return found && { ...found.stat, open: () => openEntry(found) };
    },
  };
}
