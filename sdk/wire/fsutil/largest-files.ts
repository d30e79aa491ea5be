/** A file whose content was sent. */
export interface SentFile {
  readonly path: string;
  readonly sizeBytes: number;
}

const KEPT = 10;

/** Keeps the ten largest of many files. */
export interface LargestFiles {
  add(file: SentFile): void;
  /** The largest first; equal ones by their paths, since the order in which they are sent is chance. */
  list(): readonly SentFile[];
}

/** Creates a list that is empty yet. */
export function createLargestFiles(): LargestFiles {
  const kept: SentFile[] = [];
  return {
    add({ path, sizeBytes }) {
      const file = { path, sizeBytes };
      const last = kept[KEPT - 1];
      if (last !== undefined && compare(last, file) <= 0) return;
      const place = kept.findIndex((other) => compare(file, other) < 0);
      kept.splice(place === -1 ? kept.length : place, 0, file);
      kept.length = Math.min(kept.length, KEPT);
    },
    list: () => [...kept],
  };
}

function compare(left: SentFile, right: SentFile): number {
  if (left.sizeBytes !== right.sizeBytes) return right.sizeBytes - left.sizeBytes;
  return left.path < right.path ? -1 : 1;
}
