import { isRecord } from "../core/json.ts";
import { neutralizeLine } from "./log-text.ts";
import type { Paint } from "./paint.ts";

/** The lines of a Dockerfile or script that made a step; lines count from 1, the end is inclusive. */
export interface SourceExcerpt {
  readonly file: string;
  readonly startLine: number;
  readonly endLine: number;
  /** The whole file, or these lines of it, if they are known. */
  readonly text?: string;
}

const CONTEXT_LINES = 2;

/** Reads `source` of an error's details; undefined if there is none. */
export function readSource(details: Readonly<Record<string, unknown>>): SourceExcerpt | undefined {
  const { source } = details;
  if (!isRecord(source)) return undefined;
  const { file, startLine, endLine, text } = source;
  if (typeof file !== "string" || typeof startLine !== "number") return undefined;
  const end = typeof endLine === "number" ? Math.max(startLine, endLine) : startLine;
  return { file, startLine, endLine: end, ...(typeof text === "string" ? { text } : {}) };
}

/** The place and, if the text is known, its lines with those around them. */
export function drawSource(source: SourceExcerpt, paint: Paint): readonly string[] {
  const place = `  ${paint("dim", "at:")} ${neutralizeLine(source.file)}:${source.startLine}`;
  if (source.text === undefined) return [place];
  const lines = numberLines(source, source.text);
  const width = String(lines.at(-1)?.number ?? 0).length;
  const excerpt = lines.map(({ number, line }) => {
    const marked = number >= source.startLine && number <= source.endLine;
    const text = `    ${marked ? ">" : " "} ${String(number).padStart(width)} | ${neutralizeLine(line)}`.trimEnd();
    return marked ? paint("bold", text) : paint("dim", text);
  });
  return [place, ...excerpt];
}

/** Fewer lines than the place's last one: the text is not the file, but only the place. */
function numberLines(
  source: SourceExcerpt,
  text: string,
): readonly { readonly number: number; readonly line: string }[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const offset = lines.length < source.endLine ? source.startLine : 1;
  return lines
    .map((line, index) => ({ number: offset + index, line }))
    .filter(({ number }) => number >= source.startLine - CONTEXT_LINES && number <= source.endLine + CONTEXT_LINES);
}
