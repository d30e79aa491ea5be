import { delay } from "../../core/abort.ts";

/** Waits until a promise has settled, in whatever way, but not longer than the time. */
export async function settledWithin(promise: Promise<unknown>, timeMs: number): Promise<void> {
  const waited = new AbortController();
  const settled = promise.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, delay(timeMs, waited.signal).catch(() => undefined)]);
  waited.abort();
}
