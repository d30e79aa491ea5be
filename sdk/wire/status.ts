import { ProtocolError } from "../core/errors.ts";

/** By number, as gRPC defines them (`https://github.com/grpc/grpc/blob/v1.76.0/doc/statuscodes.md`). */
const NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** A gRPC status other than OK, by name. */
export type StatusName = Exclude<(typeof NAMES)[number], "OK">;

/** The number that stands for a status on the wire. */
export function statusNumber(name: StatusName): number {
  return NAMES.indexOf(name);
}

/** The name of a status number; `UNKNOWN` for numbers that gRPC does not define. */
export function statusName(number: number): StatusName {
  const name = NAMES[number];
  return name === undefined || name === "OK" ? "UNKNOWN" : name;
}

/** What a status error may carry. */
export interface StatusErrorOptions {
  readonly cause?: unknown;
  /** An encoded `google.rpc.Status`. */
  readonly encodedDetails?: Uint8Array | undefined;
}

/**
 * A call that ended with a status other than OK: what a peer answered, or what a session handler throws to answer so.
 * Its code is `WIRE_STATUS`; test {@link StatusError.status}.
 */
export class StatusError extends ProtocolError {
  readonly status: StatusName;
  /** The peer's words, without our prefix. */
  readonly statusMessage: string;
  // Private, so that it is not printed with the error: it holds whole source files.
  readonly #encodedDetails: Uint8Array | undefined;

  constructor(status: StatusName, message: string, options: StatusErrorOptions = {}) {
    super("WIRE_STATUS", `${status}: ${message}`, {
      ...("cause" in options ? { cause: options.cause } : {}),
      details: { status },
    });
    this.status = status;
    this.statusMessage = message;
    this.#encodedDetails = options.encodedDetails;
  }

  /** `google.rpc.Status` as it came, still encoded; undefined where the peer sent none. */
  get encodedDetails(): Uint8Array | undefined {
    return this.#encodedDetails;
  }
}
