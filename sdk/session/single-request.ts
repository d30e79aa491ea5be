import { raceAbort, withDeadline } from "../core/abort.ts";
import { StatusError } from "../wire/status.ts";
import { REQUEST_LIMIT_BYTES, REQUEST_TIMEOUT_MS } from "./limits.ts";
import type { SessionCall } from "./service.ts";

/**
 * The one message of a call that asks one thing.
 *
 * @throws StatusError `INVALID_ARGUMENT` if there is none, `RESOURCE_EXHAUSTED` for one that is too long,
 *   `DEADLINE_EXCEEDED` if it does not come
 */
export async function readSingleRequest(
  { messages }: Pick<SessionCall, "messages">,
  timeoutMs: number = REQUEST_TIMEOUT_MS,
): Promise<Uint8Array> {
  const late = () => new StatusError("DEADLINE_EXCEEDED", "the request did not come in time");
  const { value, done } = await withDeadline({ timeoutMs, late }, (signal) =>
    raceAbort(messages[Symbol.asyncIterator]().next(), signal),
  );
  if (done) throw new StatusError("INVALID_ARGUMENT", "the request is missing");
  if (value.byteLength <= REQUEST_LIMIT_BYTES) return value;
  throw new StatusError("RESOURCE_EXHAUSTED", `a request of ${value.byteLength} bytes is too long`);
}
