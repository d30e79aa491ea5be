import { GraphError, type SourceLocation } from "../core/errors.ts";
import { type CallSite, callSiteLocation, currentLocation } from "./call-site.ts";

/** What an error about an op carries. */
export interface InvalidOpDetails {
  /** What to write instead. */
  readonly hint: string;
  /** The op's kind, for programs. */
  readonly op: string;
  /** Where the op was written; default the line that calls into kitsmith right now. */
  readonly site?: CallSite | undefined;
  readonly cause?: unknown;
}

/** The error for an op that BuildKit would refuse, with the line of the user's code. */
export function invalidOp(message: string, { hint, op, site, cause }: InvalidOpDetails): GraphError {
  const location: SourceLocation | undefined = site === undefined ? currentLocation() : callSiteLocation(site);
  return new GraphError("LLB_INVALID_OP", message, {
    hint,
    details: { op },
    ...(location === undefined ? {} : { location }),
    ...(cause === undefined ? {} : { cause }),
  });
}
