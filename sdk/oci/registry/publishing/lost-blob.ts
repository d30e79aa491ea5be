import { type Abortable, delay } from "../../../core/abort.ts";
import { isKitsmithError } from "../../../core/errors.ts";

const ATTEMPTS = 5;
const PAUSE_MS = 100;
const LOST = /blob unknown to registry|BLOB_UNKNOWN/;

/**
 * Pushes again where the registry has lost a blob that it took: some do, when two writers upload the same content to a
 * repository at the same moment, as the platforms of one package may. What is there is not sent again.
 */
export async function withLostBlobRetry<T>(push: () => Promise<T>, { signal }: Abortable = {}): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await push();
    } catch (error) {
      if (attempt === ATTEMPTS || !isLostBlob(error)) throw error;
      await delay(attempt * PAUSE_MS * (0.5 + Math.random()), signal);
    }
  }
}

/** True for the error of a push, by us or by an engine, whose manifest names a blob that the registry does not have. */
function isLostBlob(error: unknown): boolean {
  return (
    isKitsmithError(error) &&
    /^(REGISTRY_REJECTED|BUILD_STEP_FAILED|BUILD_FAILED)$/.test(error.code) &&
    LOST.test(error.message)
  );
}
