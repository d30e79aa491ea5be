import { type Abortable, delay } from "../../../core/abort.ts";
import { RegistryError } from "../../../core/errors.ts";

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 250;
/** A registry that wants us to wait longer is for the caller to decide about. */
const PAUSE_LIMIT_MS = 60_000;

/**
 * Calls again what may succeed the next time: network faults, 429 and 5xx; with growing random pauses, or as long as the
 * registry says. Only for what can be done twice.
 */
export async function withRetry<T>(action: () => Promise<T>, { signal }: Abortable = {}): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (cause) {
      const pauseMs = attempt < ATTEMPTS ? pauseBefore(cause, attempt) : undefined;
      if (pauseMs === undefined) throw cause;
      await delay(pauseMs, signal);
    }
  }
}

/** How long to wait before asking again; undefined if that is no use. */
function pauseBefore(cause: unknown, attempt: number): number | undefined {
  if (!(cause instanceof RegistryError) || !cause.retryable) return undefined;
  const { retryAfterMs } = cause.details;
  if (typeof retryAfterMs === "number") {
    // All who were told the same would come back at the same moment.
    return retryAfterMs <= PAUSE_LIMIT_MS ? retryAfterMs + FIRST_PAUSE_MS * Math.random() : undefined;
  }
  return FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
}
