import { delay, withDeadline } from "../../core/abort.ts";
import { isKitsmithError, type KitsmithError, RunError } from "../../core/errors.ts";

/** How often and for how long a node is tried. */
export interface AttemptOptions {
  readonly signal: AbortSignal;
  /** Attempts after the first. */
  readonly retries: number;
  /** Bound of each attempt, milliseconds. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Prepares another attempt; what it throws is that attempt's failure. */
  readonly onRetry: (error: KitsmithError, attempt: number) => Promise<void>;
}

/** Another attempt where none is given: enough to outlast a registry's hiccup and a restarted engine. */
export const DEFAULT_RETRIES = 2;

/** Together with the second one little more than a second: what is gone for good should be told soon. */
const FIRST_PAUSE_MS = 400;

/**
 * Does it again where the fault lay in what is between us and the result: the engine was lost, a registry failed under an
 * engine's hands, the network broke. A step that failed has failed, and our own calls to registries try again by themselves.
 *
 * @throws RunError `RUN_TIMED_OUT`; else what the last attempt threw
 */
export async function withAttempts<T>(
  action: (signal: AbortSignal) => Promise<T>,
  { signal, retries, timeoutMs, onRetry }: AttemptOptions,
): Promise<T> {
  let fault: KitsmithError | undefined;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (fault) await onRetry(fault, attempt);
      return await withTimeout(action, signal, timeoutMs);
    } catch (error) {
      if (attempt > retries || signal.aborted || !isPassing(error)) throw error;
      fault = error;
      await delay(FIRST_PAUSE_MS * attempt * (0.75 + Math.random() / 2), signal);
    }
  }
}

async function withTimeout<T>(
  action: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  timeoutMs: number | undefined,
): Promise<T> {
  if (timeoutMs === undefined) return await action(signal);
  const late = () =>
    new RunError("RUN_TIMED_OUT", `it took longer than ${timeoutMs} ms`, {
      hint: "Give it more with nodeTimeoutMs.",
      details: { timeoutMs },
    });
  return await withDeadline({ signal, timeoutMs, late }, action);
}

const NETWORK =
  /unexpected status[^\n]*: (?:429|5\d\d)|connection reset by peer|i\/o timeout|TLS handshake timeout|unexpected EOF|connection refused/;

/** True where the same thing may succeed the next time. */
function isPassing(error: unknown): error is KitsmithError {
  if (!isKitsmithError(error)) return false;
  if (error.code === "ENGINE_LOST") return true;
  const isBuild = error.code === "BUILD_FAILED" || error.code === "BUILD_STEP_FAILED";
  return isBuild && error.details.exitCode === undefined && NETWORK.test(error.message);
}
