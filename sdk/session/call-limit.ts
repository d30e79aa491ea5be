import { StatusError } from "../wire/status.ts";
import { CALLS_LIMIT, CALLS_LIMITS } from "./limits.ts";
import type { SessionHandler } from "./service.ts";

/** The handler, for so many calls at once as the method may have; others are refused with RESOURCE_EXHAUSTED. */
export function withCallLimit(method: string, handler: SessionHandler): SessionHandler {
  const limit = CALLS_LIMITS[method] ?? CALLS_LIMIT;
  let running = 0;
  return async (call) => {
    if (running >= limit) throw new StatusError("RESOURCE_EXHAUSTED", `more than ${limit} calls of ${method} at once`);
    running += 1;
    try {
      await handler(call);
    } finally {
      running -= 1;
    }
  };
}
