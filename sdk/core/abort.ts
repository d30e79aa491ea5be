/** Options of everything that takes time: how it can be stopped. */
export interface Abortable {
  /** Aborting it stops the work; the promise then rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One signal that fires with the first of the given ones, or undefined if there are none. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const present = signals.filter((signal) => signal !== undefined);
  return present.length <= 1 ? present[0] : AbortSignal.any(present);
}

/** Settles as the promise does, but rejects with the signal's reason as soon as that fires. */
export async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  if (signal.aborted) {
    // Nobody else waits for it, and its own rejection says no more.
    promise.catch(() => {});
    throw signal.reason;
  }
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener("abort", onAbort);
  }
}

/** Waits; rejects with the signal's reason if that fires before the time is over. */
export async function delay(delayMs: number, signal?: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await raceAbort(new Promise<void>((resolve) => (timer = setTimeout(resolve, delayMs))), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** How long something may take. */
export interface Deadline extends Abortable {
  readonly timeoutMs: number;
  /** Makes what the action's signal gives as its reason when the time is over. */
  readonly late: () => unknown;
}

/**
 * Does something with a signal that fires when the time is over, too. It is for the action to end then; {@link raceAbort}
 * gives up what does not.
 */
export async function withDeadline<T>(
  { signal, timeoutMs, late }: Deadline,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(late()), timeoutMs);
  try {
    return await action(anySignal(signal, timeout.signal) ?? timeout.signal);
  } finally {
    clearTimeout(timer);
  }
}
