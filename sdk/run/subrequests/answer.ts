import { ProtocolError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { type SourceLines, sourceLines } from "../../core/source-lines.ts";

/** A frontend's answer as JSON value, and where what it tells stands. */
export interface FrontendAnswer {
  readonly value: Readonly<Record<string, unknown>>;
  /** The Dockerfile, as a path. */
  readonly file: string;
  /** The file that a name of the frontend stands for. */
  readonly resolve: (name: string) => string;
}

/**
 * Reads the JSON of an answer.
 *
 * @throws ProtocolError `WIRE_FRAME_INVALID`
 */
export function parseAnswer(text: string): FrontendAnswer["value"] {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (cause) {
    throw new ProtocolError("WIRE_FRAME_INVALID", "a frontend's answer is no JSON", { cause });
  }
  throw new ProtocolError("WIRE_FRAME_INVALID", "a frontend's answer is no JSON object");
}

/** The records of a list; none if there is no list. */
export function recordsOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** A text; "" if it is none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The lines that a `location` of an answer stands for. */
export function linesOf(answer: FrontendAnswer, location: unknown): { readonly source?: SourceLines } {
  if (!isRecord(location)) return {};
  // Go leaves out what is zero.
  const { sourceIndex = 0, ranges } = location;
  const sources: readonly unknown[] = Array.isArray(answer.value.sources) ? answer.value.sources : [];
  const source = typeof sourceIndex === "number" ? sources[sourceIndex] : undefined;
  const { filename, data } = isRecord(source) ? source : { filename: "", data: source };
  const lines = sourceLines({
    file: textOf(filename) === "" ? answer.file : answer.resolve(textOf(filename)),
    ranges: recordsOf(ranges).map(({ start, end }) => ({ start: lineOf(start), end: lineOf(end) })),
    data: Buffer.from(textOf(data), "base64"),
  });
  return lines === undefined ? {} : { source: lines };
}

function lineOf(position: unknown): number {
  return isRecord(position) && typeof position.line === "number" ? position.line : 0;
}
