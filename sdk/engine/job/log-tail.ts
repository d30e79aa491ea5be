const KEPT_BYTES = 16 * 1024;
const KEPT_LINES = 20;

/** The last output of each step. */
export interface LogTail {
  add(vertex: string, data: Uint8Array): void;
  /** The last lines of a step, oldest first; at most 20. */
  lines(vertex: string): readonly string[];
}

/** Keeps the last 16 KiB of each step. */
export function createLogTail(): LogTail {
  const tails = new Map<string, Buffer>();
  return {
    add(vertex, data) {
      const all = Buffer.concat([tails.get(vertex) ?? Buffer.alloc(0), data]);
      tails.set(vertex, Buffer.from(all.subarray(Math.max(0, all.byteLength - KEPT_BYTES))));
    },
    lines(vertex) {
      const text = tails.get(vertex)?.toString("utf8") ?? "";
      const lines = text.split(/\r?\n/);
      if (lines.at(-1) === "") lines.pop();
      return lines.slice(-KEPT_LINES);
    },
  };
}
