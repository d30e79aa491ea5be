import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory of a bench, gone at its end. */
export interface Scratch extends Disposable {
  readonly path: string;
}

/** Creates a directory in `KITSMITH_BENCH_DIR`, else where the machine has its temporary files. */
export function createScratch(): Scratch {
  const path = mkdtempSync(join(process.env.KITSMITH_BENCH_DIR ?? tmpdir(), "kitsmith-bench-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
