import { BuildError, isKitsmithError } from "../core/errors.ts";

/** The error of a build whose caller's own function or stream failed: that error if it is one of ours, else one that has it as cause. */
export function callbackFailure(message: string, cause: unknown): unknown {
  if (isKitsmithError(cause)) return cause;
  return new BuildError("BUILD_CALLBACK_FAILED", message, {
    cause,
    hint: "See the cause: it is what was thrown.",
  });
}
