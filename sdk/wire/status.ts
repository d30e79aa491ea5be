import { ProtocolError } from "../core/errors.ts";

/**
 * The gRPC status codes other than OK, by number.
 *
 * @source https://github.com/grpc/grpc/blob/v1.76.0/doc/statuscodes.md
 */
const STATUS_NUMBERS = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** A gRPC status other than OK, by name. */
export type StatusName = keyof typeof STATUS_NUMBERS;

const STATUS_NAMES: ReadonlyMap<number, StatusName> = new Map(
  Object.entries(STATUS_NUMBERS).map(([name, number]) => [number, name as StatusName]),
);

/** The number that stands for a status on the wire. */
export function statusNumber(name: StatusName): number {
  return STATUS_NUMBERS[name];
}

/** The name of a status number; `UNKNOWN` for numbers that gRPC does not define. */
export function statusName(number: number): StatusName {
  return STATUS_NAMES.get(number) ?? "UNKNOWN";
}

/**
 * A call that ended with a status other than OK: what a peer answered, or what a session handler throws to answer so.
 * Its code is `WIRE_STATUS`; test {@link StatusError.status}.
 */
export class StatusError extends ProtocolError {
  readonly status: StatusName;
  /** The peer's words, without our prefix. */
  readonly statusMessage: string;
  /** `google.rpc.Status` as it came, still encoded; undefined where the peer sent none. */
  readonly encodedDetails: Uint8Array | undefined;

  constructor(
    status: StatusName,
    message: string,
    options: { readonly cause?: unknown; readonly encodedDetails?: Uint8Array | undefined } = {},
  ) {
    super("WIRE_STATUS", `${status}: ${message}`, {
      ...("cause" in options ? { cause: options.cause } : {}),
      details: { status },
    });
    this.status = status;
    this.statusMessage = message;
    this.encodedDetails = options.encodedDetails;
  }
}
