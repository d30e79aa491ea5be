import { createCipheriv, createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { sized } from "./size.ts";

// What the benches build, send and store. The same seed gives the same bytes; they do not compress. Packages: packages.ts.

const PIECE_BYTES = 2 ** 20;
const FILES_PER_DIRECTORY = 100;

/** A tree of small files, a hundred in each directory, and some large ones at its root. */
export interface TreeShape {
  readonly files: number;
  readonly fileBytes: number;
  readonly largeFiles: number;
  readonly largeBytes: number;
}

/** How large the inputs are. */
export const INPUTS: {
  readonly packages: { readonly repository: number; readonly some: number; readonly many: number };
  /** 1 GB in 20,004 files. */
  readonly context: TreeShape;
  /** 1,000,000 files. */
  readonly manyFiles: TreeShape;
  readonly layerBytes: number;
} = {
  packages: sized({ repository: 42, some: 20, many: 200 }, { repository: 3, some: 2, many: 3 }),
  context: sized(
    { files: 20_000, fileBytes: 16 * 1024, largeFiles: 4, largeBytes: 168_000_000 },
    { files: 150, fileBytes: 1024, largeFiles: 1, largeBytes: 2_000_000 },
  ),
  manyFiles: { files: sized(1_000_000, 500), fileBytes: 16, largeFiles: 0, largeBytes: 0 },
  layerBytes: sized(1e9, 3e6),
};

/** A source of bytes: each call gives the next ones, which hold until the call after it. */
export type ByteSource = (sizeBytes: number) => Buffer;

/** Bytes without end that look random, and are the same for the same seed. */
export function createBytes(seed: string): ByteSource {
  const key = createHash("sha256").update(seed).digest();
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  const zeros = Buffer.alloc(PIECE_BYTES);
  return (sizeBytes) =>
    cipher.update(sizeBytes <= PIECE_BYTES ? zeros.subarray(0, sizeBytes) : Buffer.alloc(sizeBytes));
}

/** Writes a file of so many bytes; `seen` gets each piece. */
export function writeLargeFile(
  path: string,
  sizeBytes: number,
  next: ByteSource,
  seen?: (piece: Uint8Array) => void,
): void {
  const file = openSync(path, "w", 0o644);
  try {
    for (let written = 0; written < sizeBytes; written += PIECE_BYTES) {
      const piece = next(Math.min(PIECE_BYTES, sizeBytes - written));
      writeSync(file, piece);
      seen?.(piece);
    }
  } finally {
    closeSync(file);
  }
}

/** Writes a tree: `d000/f00`, `d000/f01`, …, `large0`, …; gives the path of a small file, to edit. */
export function writeTree(directory: string, shape: TreeShape, seed = "tree"): { readonly firstFile: string } {
  const next = createBytes(seed);
  const pathOf = (index: number) => {
    const parent = join(directory, `d${String(Math.floor(index / FILES_PER_DIRECTORY)).padStart(3, "0")}`);
    return [parent, join(parent, `f${String(index % FILES_PER_DIRECTORY).padStart(2, "0")}`)] as const;
  };
  mkdirSync(directory, { recursive: true });
  for (let index = 0; index < shape.files; index += 1) {
    const [parent, file] = pathOf(index);
    if (index % FILES_PER_DIRECTORY === 0) mkdirSync(parent);
    writeFileSync(file, next(shape.fileBytes), { mode: 0o644 });
  }
  for (let index = 0; index < shape.largeFiles; index += 1) {
    writeLargeFile(join(directory, `large${index}`), shape.largeBytes, next);
  }
  return { firstFile: pathOf(0)[1] };
}
