import { raceAbort } from "../../core/abort.ts";
import type { ProcessOptions } from "./container.ts";

/** What one message carries at most; the daemon takes much more, but holds it in memory. */
const SLICE_BYTES = 256 * 1024;

/**
 * Sends what a program is to read, and then its end, until the program has ended.
 *
 * @throws what the source throws
 */
export async function sendInput(
  stdin: NonNullable<ProcessOptions["stdin"]>,
  ended: AbortSignal,
  send: (data: Uint8Array) => Promise<void>,
): Promise<void> {
  const source = sourceOf(stdin);
  try {
    for (;;) {
      const { done, value } = await raceAbort(source.next(), ended);
      if (done === true) return;
      for (let start = 0; start < value.byteLength; start += SLICE_BYTES) {
        await raceAbort(send(value.subarray(start, start + SLICE_BYTES)), ended);
      }
    }
  } catch (error) {
    if (!ended.aborted) throw error;
    // Not awaited: a source that waits for its next piece answers only after that.
    source.return?.()?.catch(() => undefined);
  }
}

function sourceOf(stdin: NonNullable<ProcessOptions["stdin"]>): AsyncIterator<Uint8Array> {
  if (typeof stdin === "string") return pieces(Buffer.from(stdin));
  return stdin instanceof Uint8Array ? pieces(stdin) : stdin[Symbol.asyncIterator]();
}

async function* pieces(whole: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield whole;
}
