import { raceAbort } from "../core/abort.ts";
import { BuildError, isKitsmithError } from "../core/errors.ts";

/**
 * What a caller's own function gives, unless nobody waits any more. Where it fails, so does the build: with its own error if
 * that is one of kitsmith's, else with one that has it as cause.
 *
 * @throws BuildError `BUILD_CALLBACK_FAILED`; the signal's reason
 */
export async function callBack<T>(signal: AbortSignal, failure: string, call: () => Promise<T>): Promise<T> {
  try {
    return await raceAbort(call(), signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (isKitsmithError(cause)) throw cause;
    throw new BuildError("BUILD_CALLBACK_FAILED", failure, { cause, hint: "See the cause: it is what was thrown." });
  }
}
