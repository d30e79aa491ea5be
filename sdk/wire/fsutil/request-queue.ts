/** Numbers of files that a peer asked for, in its order; each may be asked for once. */
export interface RequestQueue {
  /** False if it was asked for before. */
  add(id: number): boolean;
  /** The next one; undefined if none waits. */
  take(): number | undefined;
}

/** Fewer that were taken are kept. */
const TAKEN = 4096;

/** Creates a queue; it remembers a number with a bit. */
export function createRequestQueue(): RequestQueue {
  let asked = new Uint8Array(1024);
  let waiting: number[] = [];
  let taken = 0;
  return {
    add(id) {
      const [index, bit] = [Math.floor(id / 8), 1 << (id % 8)];
      if (index >= asked.length) {
        const larger = new Uint8Array(Math.max(index + 1, asked.length * 2));
        larger.set(asked);
        asked = larger;
      }
      if (((asked[index] ?? 0) & bit) !== 0) return false;
      asked[index] = (asked[index] ?? 0) | bit;
      waiting.push(id);
      return true;
    },
    take() {
      if (taken >= waiting.length) return undefined;
      const id = waiting[taken];
      taken += 1;
      if (taken >= TAKEN && taken * 2 >= waiting.length) {
        waiting = waiting.slice(taken);
        taken = 0;
      }
      return id;
    },
  };
}
