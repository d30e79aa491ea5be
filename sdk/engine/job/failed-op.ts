import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { isRecord } from "../../core/json.ts";
import { type Op, OpSchema } from "../../proto/gen/ops_pb.js";

/** The op that failed, with the daemon's names of the results around it; they are good while the job is open. */
export interface FailedOp {
  readonly op: Op;
  /**
   * Before the step: for an exec one per mount, for a file op one per input. Empty where there is none. Where an input
   * could not be read, only that one.
   */
  readonly inputIds: readonly string[];
  /** After the failure: for an exec one per mount, for a file op one per action. Empty where there is none. */
  readonly mountIds: readonly string[];
  /** Which action of a file op was asked for; an earlier one that it stands on may be the one that failed. */
  readonly actionIndex?: number;
  /** Which input could not be read, so that the step was not begun: a copy's source may not be there. */
  readonly inputIndex?: number;
}

// Beside the error, not in it: an op holds build arguments and whole files, which nobody wants in a report.
const FAILED_OPS = new WeakMap<object, FailedOp>();

/** Keeps what an error of the daemon says of its op with the error that we make of it. */
export function keepFailedOp(error: Error, solve: Readonly<Record<string, unknown>> | undefined): void {
  const op = readOp(solve?.op);
  if (op === undefined) return;
  FAILED_OPS.set(error, {
    op,
    inputIds: texts(solve?.inputIDs),
    mountIds: texts(solve?.mountIDs),
    ...indexOf("actionIndex", solve?.file),
    ...indexOf("inputIndex", solve?.cache),
  });
}

/** The op that an error is about, if the daemon said it. */
export function failedOpOf(error: unknown): FailedOp | undefined {
  return typeof error === "object" && error !== null ? FAILED_OPS.get(error) : undefined;
}

function readOp(value: unknown): Op | undefined {
  if (!isJsonRecord(value)) return undefined;
  try {
    return fromJson(OpSchema, value, { ignoreUnknownFields: true });
  } catch {
    return undefined;
  }
}

/** What was parsed as JSON is JSON. */
function isJsonRecord(value: unknown): value is Readonly<Record<string, JsonValue>> {
  return isRecord(value);
}

/** JSON of protobuf leaves a zero out, and writes 64-bit numbers as texts. */
function indexOf<Name extends string>(name: Name, subject: unknown): Partial<Record<Name, number>>;
function indexOf(name: string, subject: unknown): Readonly<Record<string, number>> {
  return isRecord(subject) ? { [name]: Number(subject.index ?? 0) } : {};
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map((one) => (typeof one === "string" ? one : "")) : [];
}
