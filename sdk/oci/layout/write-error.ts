import { ContentError, isKitsmithError } from "../../core/errors.ts";

/** True for an error of the file system with one of the codes. */
export function hasErrorCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** What a failed write means; our own errors and an abort's reason pass unchanged. */
export function asWriteError(cause: unknown, path: string, signal?: AbortSignal): unknown {
  if (isKitsmithError(cause) || signal?.aborted) return signal?.aborted ? signal.reason : cause;
  if (!(cause instanceof Error) || !("syscall" in cause)) return cause;
  const [problem, hint] = describe(cause);
  return new ContentError("CONTENT_WRITE_FAILED", `${path} cannot be written: ${problem}`, {
    cause,
    hint,
    details: { path },
  });
}

function describe(cause: Error): readonly [problem: string, hint: string] {
  if (hasErrorCode(cause, "ENOSPC", "EDQUOT")) return ["no space is left", "Make room, or use another directory."];
  if (hasErrorCode(cause, "EROFS")) return ["the file system is read-only", "Use another directory."];
  if (hasErrorCode(cause, "EACCES", "EPERM"))
    return ["permission denied", "Change its owner, or use another directory."];
  return [cause.message, "Check the directory and its file system."];
}
