import { delay } from "../core/abort.ts";
import { StatusError } from "./status.ts";

const INTERVAL_MS = 2000;
const GRACE_MS = 200;
const PROBE_TIMEOUT_MS = 2000;
/** So many rounds in which nothing answers, not even beside the connection: the server is frozen or unreachable. */
const SILENT_ROUNDS = 10;

/** Asks a server for any sign of life; rejects if there is none within the time. */
export type Probe = (timeoutMs: number) => Promise<void>;

/** How a call is watched. */
export interface CallWatch {
  /** Another connection to the same server: if it answers and the call's own one does not, that one is deaf. */
  readonly beside: Probe;
  /** Look at once when this resolves. Default: only now and then. */
  readonly soon?: Promise<void>;
}

/**
 * Waits for the answer to a call whose connection may go deaf: node:http2 stops reading, without closing, once a header
 * or trailer value exceeds 64 KiB, and grpc-js then waits for ever. While the call is open both connections are probed;
 * a busy machine slows down both.
 *
 * @throws StatusError `UNAVAILABLE` if the connection is deaf, or the server silent for more than half a minute
 */
export async function watchCall<T>(answer: Promise<T>, own: Probe, watch: CallWatch): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([answer, deaf(own, watch, over.signal)]);
  } finally {
    over.abort();
  }
}

async function deaf(own: Probe, { beside, soon }: CallWatch, over: AbortSignal): Promise<never> {
  let hint: Promise<void> | undefined = soon?.then(async () => {
    hint = undefined;
    await delay(GRACE_MS, over).catch(() => undefined);
  });
  for (let silentRounds = 0; silentRounds < SILENT_ROUNDS; ) {
    await pause(over, hint);
    // The call is over: nobody listens any more.
    if (over.aborted) return await new Promise<never>(() => {});
    const [here, there] = await Promise.allSettled([own(PROBE_TIMEOUT_MS), beside(PROBE_TIMEOUT_MS)]);
    if (here.status === "fulfilled") silentRounds = 0;
    else if (there.status === "fulfilled") break;
    else silentRounds += 1;
  }
  throw new StatusError("UNAVAILABLE", "the connection does not answer any more");
}

async function pause(over: AbortSignal, hint: Promise<void> | undefined): Promise<void> {
  const hinted = new AbortController();
  const interval = delay(INTERVAL_MS, AbortSignal.any([over, hinted.signal])).catch(() => undefined);
  await Promise.race(hint === undefined ? [interval] : [interval, hint]);
  hinted.abort();
}
