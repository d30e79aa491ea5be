import { open, readFile, rename, stat } from "node:fs/promises";

/** A tag of which nothing is known any more that was asked before. */
export type VoidedTag = readonly [reference: string, entry: { readonly atMs: number }];

/** From this size on what is voided begins a new file. */
const FILE_BYTES = 64 * 1024;
/** Whoever opened a file has written to it by then. */
const WRITTEN_AFTER_MS = 60_000;

const current = (path: string): string => `${path}.voids`;
const previous = (path: string): string => `${path}.voids.1`;

/**
 * Notes beside a file what of it is void. What is written at once gets to the end of a file whole, so nobody has to be kept
 * out.
 *
 * @returns whether it is time for {@link rotateVoids}
 */
export async function appendVoids(path: string, voided: readonly VoidedTag[]): Promise<boolean> {
  const file = await open(current(path), "a", 0o666);
  try {
    await file.write(voided.map(([reference, { atMs }]) => `${atMs} ${reference}\n`).join(""));
    await file.datasync();
    return (await file.stat()).size >= FILE_BYTES;
  } finally {
    await file.close();
  }
}

/** What is noted beside a file; lines that are none are no entries. */
export async function readVoids(path: string): Promise<readonly VoidedTag[]> {
  // In this order: what moves meanwhile is read twice, and not missed.
  const newer = await readLines(current(path));
  const older = await readLines(previous(path));
  return [...older, ...newer].flatMap((line): readonly VoidedTag[] => {
    const [, atMs, reference] = /^(\d+) (\S+)$/.exec(line) ?? [];
    return reference === undefined ? [] : [[reference, { atMs: Number(atMs) }]];
  });
}

/**
 * Begins a new file, for whoever holds the lock and has written all that {@link readVoids} gave into the file itself. The one
 * that was begun last stays, as somebody may just be writing to it; the one before it goes.
 */
export async function rotateVoids(path: string): Promise<void> {
  const { size } = await stat(current(path)).catch(() => ({ size: 0 }));
  // The time at which it got its name.
  const { ctimeMs } = await stat(previous(path)).catch(() => ({ ctimeMs: 0 }));
  if (size < FILE_BYTES || Date.now() - ctimeMs < WRITTEN_AFTER_MS) return;
  await rename(current(path), previous(path));
}

async function readLines(path: string): Promise<readonly string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n");
}
