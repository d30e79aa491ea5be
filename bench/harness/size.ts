/** `small` lets a bench run in seconds, to see that it works at all; its figures mean nothing. */
export type BenchSize = "full" | "small";

/** What `KITSMITH_BENCH_SIZE` says; full by default. */
export function benchSize(): BenchSize {
  const size = process.env.KITSMITH_BENCH_SIZE || "full";
  if (size !== "full" && size !== "small") throw new Error(`KITSMITH_BENCH_SIZE is full or small, not ${size}`);
  return size;
}

/** Chooses by the size of the run. */
export function sized<Value>(full: Value, small: Value): Value {
  return benchSize() === "full" ? full : small;
}
