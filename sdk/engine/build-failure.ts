import { BuildError, EngineError, type SourceLocation } from "../core/errors.ts";
import { isRecord } from "../core/json.ts";
import type { StatusError } from "../wire/status.ts";
import { type DetailedStatus, decodeStatusDetails, type StatusDetail } from "../wire/status-details.ts";
import type { StatusFollower } from "./status-follower.ts";

/** What a failed step leaves behind for people and programs; `details` of a BuildError. */
export interface BuildFailureDetails extends Readonly<Record<string, unknown>> {
  readonly vertex?: { readonly digest: string; readonly name: string };
  readonly exitCode?: number;
  /** The step's last lines, oldest first. */
  readonly logs?: readonly string[];
  /** Where in which file the step was written. */
  readonly source?: {
    readonly file: string;
    readonly startLine: number;
    readonly endLine: number;
    readonly text: string;
  };
  /** Mounts of the failed step: its state after and before, usable until the job ends. */
  readonly mountIds?: readonly string[];
  readonly inputIds?: readonly string[];
}

/**
 * Makes a build's error of the status that a call ended with and of what the build's status showed.
 * `cause` is what went wrong on our side, if something did. Default: the status.
 */
export function buildFailure(error: StatusError, follower: StatusFollower, cause: unknown = error): BuildError {
  const status = error.encodedDetails === undefined ? undefined : decodeStatusDetails(error.encodedDetails);
  const message = status?.message || error.statusMessage;
  if (error.status === "CANCELLED") return new BuildError("BUILD_CANCELED", message, { cause });
  const details = failureDetails(status, message, follower);
  const source = details.source;
  const location: SourceLocation | undefined =
    source === undefined ? undefined : { file: source.file, line: source.startLine };
  return new BuildError(details.vertex === undefined ? "BUILD_FAILED" : "BUILD_STEP_FAILED", message, {
    cause,
    details,
    ...(location === undefined ? {} : { location }),
  });
}

/** The engine is gone in the middle of a build. */
export function engineLost(address: string, cause: unknown): EngineError {
  return new EngineError("ENGINE_LOST", `the connection to ${address} broke during the build`, {
    cause,
    hint: "Look whether the engine still runs; then build again, finished steps are cached.",
    retryable: true,
  });
}

function failureDetails(
  status: DetailedStatus | undefined,
  message: string,
  follower: StatusFollower,
): BuildFailureDetails {
  const find = (type: string): StatusDetail["value"] | undefined =>
    status?.details.find((detail) => detail.type === type)?.value;
  const digest = text(find("errdefs.Vertex")?.digest) ?? follower.failedVertex?.digest;
  const exitCode = find("gatewayapi.ExitMessage")?.Code ?? Number(/exit code: (\d+)/.exec(message)?.[1] ?? Number.NaN);
  const source = readSource(find("errdefs.Source"));
  const solve = find("errdefs.Solve");
  return {
    ...(digest === undefined ? {} : { vertex: { digest, name: follower.vertex(digest)?.name ?? "" } }),
    ...(typeof exitCode === "number" && !Number.isNaN(exitCode) ? { exitCode } : {}),
    ...(digest === undefined ? {} : { logs: follower.logs.lines(digest) }),
    ...(source === undefined ? {} : { source }),
    mountIds: strings(solve?.mountIDs),
    inputIds: strings(solve?.inputIDs),
  };
}

function readSource(value: StatusDetail["value"] | undefined): BuildFailureDetails["source"] {
  const info = isRecord(value?.info) ? value.info : {};
  const [range] = Array.isArray(value?.ranges) ? value.ranges : [];
  const file = text(info.filename);
  const startLine = lineOf(range, "start");
  if (file === undefined || startLine === undefined) return undefined;
  const endLine = Math.max(startLine, lineOf(range, "end") ?? startLine);
  const lines = Buffer.from(text(info.data) ?? "", "base64")
    .toString("utf8")
    .split("\n");
  return { file, startLine, endLine, text: lines.slice(startLine - 1, endLine).join("\n") };
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
