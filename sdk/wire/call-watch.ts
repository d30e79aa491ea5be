import { StatusError } from "./status.ts";

const INTERVAL_MS = 2000;
/** A connection that goes on answering is asked less and less. */
const LONGEST_INTERVAL_MS = 10_000;
const GRACE_MS = 200;
/** What has not answered within it is looked at more closely. */
const QUICK_MS = 250;
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
 * or trailer value exceeds 64 KiB, and grpc-js then waits for ever. While the call is open its connection is probed, and
 * where that does not answer at once, another one, too: a busy machine slows down both.
 *
 * @throws StatusError `UNAVAILABLE` if the connection is deaf, or the server silent for more than half a minute
 */
export async function watchCall<T>(answer: Promise<T>, own: Probe, watch: CallWatch): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([answer, deaf(own, watch, over.signal)]);
  } finally {
    over.abort("the call is over");
  }
}

async function deaf(own: Probe, { beside, soon }: CallWatch, over: AbortSignal): Promise<never> {
  let hint: Promise<void> | undefined = soon?.then(async () => {
    hint = undefined;
    await pause(GRACE_MS, over);
  });
  let intervalMs = INTERVAL_MS;
  for (let silentRounds = 0; silentRounds < SILENT_ROUNDS; ) {
    await pause(intervalMs, over, hint);
    // The call is over: nobody listens any more.
    if (over.aborted) return await new Promise<never>(() => {});
    const here = answers(own);
    if (await Promise.race([here, pause(QUICK_MS, over, here).then(() => false)])) {
      silentRounds = 0;
      // After a hint its answer should be there any moment.
      const isExpected = soon !== undefined && hint === undefined;
      intervalMs = isExpected ? INTERVAL_MS : Math.min(LONGEST_INTERVAL_MS, intervalMs * 2);
      continue;
    }
    intervalMs = INTERVAL_MS;
    const there = answers(beside);
    if (await here) silentRounds = 0;
    else if (await there) break;
    else silentRounds += 1;
  }
  throw new StatusError("UNAVAILABLE", "the connection does not answer any more");
}

async function answers(probe: Probe): Promise<boolean> {
  return await probe(PROBE_TIMEOUT_MS).then(
    () => true,
    () => false,
  );
}

/** Waits, but not after the end of the call, or of what else is waited for. */
async function pause(pauseMs: number, over: AbortSignal, hint?: Promise<unknown>): Promise<void> {
  if (over.aborted) return;
  let timer: NodeJS.Timeout | undefined;
  let wake = (): void => {};
  const woken = new Promise<void>((resolve) => (wake = resolve));
  try {
    timer = setTimeout(wake, pauseMs);
    over.addEventListener("abort", wake, { once: true });
    await (hint === undefined ? woken : Promise.race([woken, hint]));
  } finally {
    clearTimeout(timer);
    over.removeEventListener("abort", wake);
  }
}
