import type { ErrorClassName, ErrorCode } from "./error-codes.ts";

/** A place in a file that the user wrote: a build.yml, a Dockerfile, a script. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** What an error carries besides its code and message. */
export interface ErrorOptions {
  readonly cause?: unknown;
  /** One sentence that says what to do next. */
  readonly hint?: string;
  readonly location?: SourceLocation;
  /** Plain data for programs: file names, platforms, HTTP status… Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** True where the same call may succeed when it is made again. Default false. */
  readonly retryable?: boolean;
}

const BRAND = Symbol.for("kitsmith.error");

/**
 * The base of every error that kitsmith throws.
 *
 * Test `code`, never the text: codes are API, messages are not.
 */
export abstract class KitsmithError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly hint: string | undefined;
  readonly location: SourceLocation | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor(code: Code, message: string, options: ErrorOptions = {}) {
    super(
      `[${code}] ${formatLocation(options.location)}${message}`,
      "cause" in options ? { cause: options.cause } : undefined,
    );
    this.code = code;
    this.hint = options.hint;
    this.location = options.location;
    this.details = Object.freeze({ ...options.details });
    this.retryable = options.retryable ?? false;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** True for errors of any installed copy of kitsmith. */
export function isKitsmithError(value: unknown): value is KitsmithError {
  return typeof value === "object" && value !== null && BRAND in value;
}

function formatLocation(location: SourceLocation | undefined): string {
  if (location === undefined) return "";
  const position = [location.line, location.column].filter((part) => part !== undefined);
  return `${[location.file, ...position].join(":")}: `;
}

/** Bad input of the user: YAML, flags, environment, options. Thrown by loaders, pkg and cli. */
export class InputError extends KitsmithError<ErrorCode<"InputError">> {}
/** A decision that cannot be made as asked. Thrown by plan, lower and run before any work starts, or before a tag moves. */
export class PlanError extends KitsmithError<ErrorCode<"PlanError">> {}
/** A run that did not end well. `cause` is the first failure; `details.outcomes` tells what became of each node. */
export class RunError extends KitsmithError<ErrorCode<"RunError">> {}
/** An LLB graph that is not valid. Thrown by llb, at the call that made it so. */
export class GraphError extends KitsmithError<ErrorCode<"GraphError">> {}
/** An engine that is missing, does not answer or is too old. */
export class EngineError extends KitsmithError<ErrorCode<"EngineError">> {}
/** A build that failed on the engine. */
export class BuildError extends KitsmithError<ErrorCode<"BuildError">> {}
/** A peer that broke the protocol, or a gRPC status that nobody mapped to something better. */
export class ProtocolError extends KitsmithError<ErrorCode<"ProtocolError">> {}
/** A registry's answer. */
export class RegistryError extends KitsmithError<ErrorCode<"RegistryError">> {}
/** Stored content: cache, layouts, archives, local files that are written. */
export class ContentError extends KitsmithError<ErrorCode<"ContentError">> {}

const CLASSES: readonly ErrorClassName[] = [
  "InputError",
  "PlanError",
  "RunError",
  "GraphError",
  "EngineError",
  "BuildError",
  "ProtocolError",
  "RegistryError",
  "ContentError",
];
for (const [index, errorClass] of [
  InputError,
  PlanError,
  RunError,
  GraphError,
  EngineError,
  BuildError,
  ProtocolError,
  RegistryError,
  ContentError,
].entries()) {
  Object.defineProperty(errorClass.prototype, "name", { value: CLASSES[index] });
}
