/**
 * An answer that is not success, as the specification words it. It is thrown where the reason is found and written where
 * the request is answered; it never leaves the server.
 */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

class RefusalSignal {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    this.refusal = refusal;
  }
}

/** Something to throw. @source https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
export function refuse(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): unknown {
  return new RefusalSignal({ status, code, message, headers });
}

/** The refusal that was thrown, or an internal error for anything else. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof RefusalSignal) return thrown.refusal;
  if (thrown instanceof URIError) return { status: 400, code: "NAME_INVALID", message: "not an address", headers: {} };
  const message = thrown instanceof Error ? thrown.message : "internal error";
  return { status: 500, code: "UNKNOWN", message, headers: {} };
}
