import type { ErrorCode } from "../../core/error-codes.ts";
import { BuildError, EngineError, type SourceLocation } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { resolveSourcePath } from "../../core/source-path.ts";
import type { StatusError } from "../../wire/status.ts";
import { type DetailedStatus, decodeStatusDetails, type StatusDetail } from "../../wire/status-details.ts";
import { keepFailedOp } from "./failed-op.ts";
import type { StatusFollower } from "./status-follower.ts";

/** What a failed step leaves behind for people and programs; `details` of a BuildError. */
export interface BuildFailureDetails extends Readonly<Record<string, unknown>> {
  readonly vertex?: { readonly digest: string; readonly name: string };
  readonly exitCode?: number;
  /** The step's last lines, oldest first. */
  readonly logs?: readonly string[];
  /** Where in which file the step was written. */
  readonly source?: FailedSource;
  /** Mounts of the failed step: its state after and before, usable until the job ends. */
  readonly mountIds?: readonly string[];
  readonly inputIds?: readonly string[];
  /** Why a policy denied a source. */
  readonly reasons?: readonly string[];
}

/** The lines of a Dockerfile or script that made a step; lines count from 1, the end is inclusive. */
export interface FailedSource {
  readonly file: string;
  readonly startLine: number;
  readonly endLine: number;
  /** These lines with a few around them, if the engine has them. */
  readonly text?: string;
  /** The number of the first line of `text`. */
  readonly textLine?: number;
}

/** What is known of a failure besides what the engine says. */
export interface FailureContext {
  /** What went wrong on our side, if something did. Default: the status. */
  readonly cause?: unknown;
  /** What names of files are relative to. Default: they are told as the engine has them. */
  readonly sourceRoot?: string | undefined;
}

const CONTEXT_LINES = 3;

/**
 * Makes a build's error of the status that a call ended with and of what the build's status showed. */
export function buildFailure(error: StatusError, follower: StatusFollower, context: FailureContext = {}): BuildError {
  const cause = context.cause ?? error;
  const status = error.encodedDetails === undefined ? undefined : decodeStatusDetails(error.encodedDetails);
  const message = status?.message || error.statusMessage;
  if (error.status === "CANCELLED") return new BuildError("BUILD_CANCELED", message, { cause });
  const details = failureDetails(status, message, follower, context.sourceRoot);
  const source = details.source;
  const location: SourceLocation | undefined =
    source === undefined ? undefined : { file: source.file, line: source.startLine };
  const failure = new BuildError(codeOf(details), [message, ...(details.reasons ?? [])].join(": "), {
    cause,
    details,
    ...(location === undefined ? {} : { location }),
  });
  keepFailedOp(failure, status?.details.find(({ type }) => type === "errdefs.Solve")?.value);
  return failure;
}

function codeOf({ reasons, vertex }: BuildFailureDetails): ErrorCode<"BuildError"> {
  if (reasons !== undefined) return "BUILD_SOURCE_DENIED";
  return vertex === undefined ? "BUILD_FAILED" : "BUILD_STEP_FAILED";
}

/** The engine is gone in the middle of a build. */
export function engineLost(address: string, cause: unknown): EngineError {
  return new EngineError("ENGINE_LOST", `the connection to ${address} broke during the build`, {
    cause,
    hint: "Look whether the engine still runs; then build again, finished steps are cached.",
    retryable: true,
  });
}

function reasonsOf(denial: StatusDetail["value"] | undefined): Pick<BuildFailureDetails, "reasons"> {
  const messages: readonly unknown[] = Array.isArray(denial?.denyMessages) ? denial.denyMessages : [];
  const reasons = strings(messages.map((one) => (isRecord(one) ? one.message : undefined)));
  return denial === undefined ? {} : { reasons };
}

function failureDetails(
  status: DetailedStatus | undefined,
  message: string,
  follower: StatusFollower,
  sourceRoot: string | undefined,
): BuildFailureDetails {
  const find = (type: string): StatusDetail["value"] | undefined =>
    status?.details.find((detail) => detail.type === type)?.value;
  const digest = text(find("errdefs.Vertex")?.digest) ?? follower.failedVertex?.digest;
  const exitCode = find("gatewayapi.ExitMessage")?.Code ?? Number(/exit code: (\d+)/.exec(message)?.[1] ?? Number.NaN);
  const source = readSource(find("errdefs.Source"), sourceRoot);
  const solve = find("errdefs.Solve");
  return {
    ...(digest === undefined ? {} : { vertex: { digest, name: follower.vertex(digest)?.name ?? "" } }),
    ...(typeof exitCode === "number" && !Number.isNaN(exitCode) ? { exitCode } : {}),
    ...(digest === undefined ? {} : { logs: follower.logs.lines(digest) }),
    ...(source === undefined ? {} : { source }),
    mountIds: strings(solve?.mountIDs),
    inputIds: strings(solve?.inputIDs),
    ...reasonsOf(find("policysession.DecisionResponse")),
  };
}

function readSource(
  value: StatusDetail["value"] | undefined,
  sourceRoot: string | undefined,
): FailedSource | undefined {
  const info = isRecord(value?.info) ? value.info : {};
  // A Dockerfile's step has a range for each of its lines.
  const ranges: readonly unknown[] = Array.isArray(value?.ranges) ? value.ranges : [];
  const name = text(info.filename);
  const startLine = lineOf(ranges[0], "start");
  if (name === undefined || startLine === undefined) return undefined;
  const file = sourceRoot === undefined ? name : resolveSourcePath(name, sourceRoot);
  const endLine = Math.max(startLine, ...ranges.map((range) => lineOf(range, "end") ?? startLine));
  return { file, startLine, endLine, ...readText(text(info.data), startLine, endLine) };
}

function readText(
  data: string | undefined,
  startLine: number,
  endLine: number,
): Pick<FailedSource, "text" | "textLine"> {
  if (data === undefined) return {};
  const textLine = Math.max(1, startLine - CONTEXT_LINES);
  const lines = Buffer.from(data, "base64").toString("utf8").replace(/\n$/, "").split("\n");
  return { text: lines.slice(textLine - 1, endLine + CONTEXT_LINES).join("\n"), textLine };
}

function lineOf(range: unknown, end: "start" | "end"): number | undefined {
  const position = isRecord(range) ? range[end] : undefined;
  return isRecord(position) && typeof position.line === "number" ? position.line : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}
