import { isRecord } from "../core/json.ts";
import { neutralizeLine } from "./log-text.ts";
import type { Paint } from "./paint.ts";

/** The lines of a Dockerfile or script that made a step; lines count from 1, the end is inclusive. */
export interface SourceExcerpt {
  readonly file: string;
  readonly startLine: number;
  readonly endLine: number;
  /** The file, or lines of it with these among them, if they are known. */
  readonly text?: string;
  /** The number of the first line of `text`. Default 1. */
  readonly textLine?: number;
}

const CONTEXT_LINES = 2;

/** Reads `source` of an error's details; undefined if there is none. */
export function readSource(details: Readonly<Record<string, unknown>>): SourceExcerpt | undefined {
  const { source } = details;
  if (!isRecord(source)) return undefined;
  const { file, startLine, endLine, text, textLine } = source;
  if (typeof file !== "string" || typeof startLine !== "number") return undefined;
  const end = typeof endLine === "number" ? Math.max(startLine, endLine) : startLine;
  return {
    file,
    startLine,
    endLine: end,
    ...(typeof text === "string" ? { text } : {}),
    ...(typeof textLine === "number" ? { textLine } : {}),
  };
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

function numberLines(
  { startLine, endLine, textLine = 1 }: SourceExcerpt,
  text: string,
): readonly { readonly number: number; readonly line: string }[] {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line, index) => ({ number: textLine + index, line }))
    .filter(({ number }) => number >= startLine - CONTEXT_LINES && number <= endLine + CONTEXT_LINES);
}
