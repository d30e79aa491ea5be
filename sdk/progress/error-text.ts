import { isKitsmithError, type KitsmithError, type SourceLocation } from "../core/errors.ts";
import { isRecord } from "../core/json.ts";
import { neutralizeLine } from "./log-text.ts";
import { createPaint, hasColors, type Paint, plainPaint } from "./paint.ts";
import type { ProgressStream } from "./renderer.ts";
import { drawSource, readSource } from "./source-excerpt.ts";

/** How an error is shown. */
export interface FormatErrorOptions {
  /** Adds the chain of causes and the stacks. Default false. */
  readonly verbose?: boolean;
  /** Where the text will go; colours are used if it can show them. Default: no colours. */
  readonly stream?: ProgressStream;
}

/**
 * An error as text for people, over several lines and without a line end: the code and message, package and platform,
 * the step with its last log lines, the place with the lines around it, and what to do next.
 */
export function formatError(error: unknown, options: FormatErrorOptions = {}): string {
  const paint = options.stream === undefined ? plainPaint : createPaint(options.stream);
  const lines = drawError(error, paint);
  if (options.verbose === true) lines.push(...drawCauses(error, paint));
  return lines.flatMap((line) => line.split("\n")).join("\n");
}

function drawError(error: unknown, paint: Paint): string[] {
  return isKitsmithError(error)
    ? drawKitsmithError(error, paint)
    : [drawHeadline(nameOf(error), messageOf(error), paint)];
}

function drawKitsmithError(error: KitsmithError, paint: Paint): string[] {
  const { details } = error;
  const source = readSource(details);
  return [
    drawHeadline(error.code, bareMessage(error), paint),
    ...drawFact("package", nodeText(details), paint),
    ...drawFact("step", stepName(details), paint),
    ...drawFact("exit code", textOf(details, "exitCode"), paint),
    ...drawLog(details, paint),
    ...(source === undefined ? drawFact("at", formatPlace(error.location), paint) : drawSource(source, paint)),
    ...drawFailures(details, paint),
    ...drawFact("hint", error.hint, paint),
  ];
}

/** The failures of a run, each as an error of its own; one that several nodes share is told once. */
function drawFailures(details: KitsmithError["details"], paint: Paint): readonly string[] {
  const failures = Array.isArray(details.failures) ? details.failures.filter(isRecord) : [];
  const byError = new Map<unknown, string[]>();
  for (const failure of failures)
    byError.set(failure.error, [...(byError.get(failure.error) ?? []), nodeText(failure)]);
  return [...byError].flatMap(([error, nodes]) => [
    `  ${paint("cyan", neutralizeLine(nodes.join(", ")))}`,
    ...drawError(error, paint).flatMap((text) => text.split("\n").map((line) => `    ${line}`)),
  ]);
}

function drawHeadline(name: string, message: string, paint: Paint): string {
  const [first = "", ...rest] = message.split("\n").map((line) => neutralizeLine(line));
  return [`${paint("red", `${name}:`)} ${paint("bold", first)}`, ...rest.map((line) => `  ${line}`)].join("\n");
}

function drawFact(label: string, value: string | undefined, paint: Paint): readonly string[] {
  if (value === undefined || value === "") return [];
  const [first = "", ...rest] = value.split("\n").map((line) => neutralizeLine(line));
  return [`  ${paint("dim", `${label}:`)} ${first}`, ...rest.map((line) => `    ${line}`)];
}

function drawLog(details: KitsmithError["details"], paint: Paint): readonly string[] {
  const log = details.logTail ?? details.logs;
  if (!Array.isArray(log) || log.length === 0) return [];
  const colors = hasColors(paint);
  const lines = log.filter((line): line is string => typeof line === "string");
  return [
    `  ${paint("dim", "output:")}`,
    ...lines.map((line) => `    ${paint("dim", "|")} ${neutralizeLine(line, { colors })}`),
  ];
}

/** The causes, outermost first; a cause that comes round again ends the chain. */
function drawCauses(error: unknown, paint: Paint): readonly string[] {
  const lines = drawStack(error);
  const seen = new Set<unknown>([error]);
  let cause = causeOf(error);
  while (cause !== undefined && !seen.has(cause)) {
    seen.add(cause);
    lines.push(...drawFact("caused by", `${nameOf(cause)}: ${messageOf(cause)}`, paint), ...drawStack(cause));
    if (cause instanceof AggregateError) {
      lines.push(...cause.errors.flatMap((one: unknown) => drawFact("-", `${nameOf(one)}: ${messageOf(one)}`, paint)));
    }
    cause = causeOf(cause);
  }
  return lines;
}

function drawStack(error: unknown): string[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  const frames = error.stack.split("\n").filter((line) => line.startsWith("    at "));
  return frames.map((line) => neutralizeLine(line));
}

function bareMessage(error: KitsmithError): string {
  const text = error.message.replace(`[${error.code}] `, "");
  const place = formatPlace(error.location);
  return place !== undefined && text.startsWith(`${place}: `) ? text.slice(place.length + 2) : text;
}

function formatPlace(location: SourceLocation | undefined): string | undefined {
  if (location === undefined) return undefined;
  return [location.file, location.line, location.column].filter((part) => part !== undefined).join(":");
}

function nodeText(details: KitsmithError["details"]): string {
  const node = isRecord(details.node) ? details.node : details;
  return [textOf(node, "package"), textOf(node, "platform")].filter((part) => part !== undefined).join(" ");
}

function stepName(details: KitsmithError["details"]): string | undefined {
  return textOf(details, "name") ?? (isRecord(details.vertex) ? textOf(details.vertex, "name") : undefined);
}

function textOf(details: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = details[key];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function nameOf(error: unknown): string {
  if (isKitsmithError(error)) return error.code;
  return error instanceof Error ? error.name : "Error";
}

function messageOf(error: unknown): string {
  if (isKitsmithError(error)) return bareMessage(error);
  return error instanceof Error ? error.message : String(error);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
