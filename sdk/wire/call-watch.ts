import { delay } from "../core/abort.ts";
import { StatusError } from "./status.ts";

const INTERVAL_MS = 2000;
const GRACE_MS = 200;
const PROBE_TIMEOUT_MS = 2000;
/** One failed probe may be our own event loop, held up while the answer already lay in the socket. */
const FAILED_PROBES = 2;

/** Asks the server for any sign of life on the same connection; rejects if there is none within the time. */
export type Probe = (timeoutMs: number) => Promise<void>;

/**
 * Waits for the answer to a call whose connection may go deaf: node:http2 stops reading, without closing, once a header
 * or trailer value exceeds 64 KiB, and grpc-js then waits for ever. While the call is open, the connection is probed,
 * and at once when `soon` resolves.
 *
 * @throws StatusError `UNAVAILABLE` if the connection is deaf
 */
export async function watchCall<T>(answer: Promise<T>, probe: Probe, soon?: Promise<void>): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([answer, deaf(probe, over.signal, soon)]);
  } finally {
    over.abort();
  }
}

async function deaf(probe: Probe, over: AbortSignal, soon: Promise<void> | undefined): Promise<never> {
  let hint: Promise<void> | undefined = soon?.then(async () => {
    hint = undefined;
    await delay(GRACE_MS, over).catch(() => undefined);
  });
  let failed = 0;
  while (failed < FAILED_PROBES && !over.aborted) {
    if (failed === 0) await pause(over, hint);
    if (over.aborted) break;
    failed = await probe(PROBE_TIMEOUT_MS).then(
      () => 0,
      () => failed + 1,
    );
  }
  if (over.aborted) return await new Promise<never>(() => {});
  throw new StatusError("UNAVAILABLE", "the connection does not answer any more");
}

async function pause(over: AbortSignal, hint: Promise<void> | undefined): Promise<void> {
  const hinted = new AbortController();
  const interval = delay(INTERVAL_MS, AbortSignal.any([over, hinted.signal])).catch(() => undefined);
  await Promise.race(hint === undefined ? [interval] : [interval, hint]);
  hinted.abort();
}
