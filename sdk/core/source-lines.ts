/** Lines of a Dockerfile or script; they count from 1, the end is inclusive. */
export interface SourceLines {
  readonly file: string;
  readonly startLine: number;
  readonly endLine: number;
  /** These lines with a few around them, if they are known. */
  readonly text?: string;
  /** The number of the first line of `text`. */
  readonly textLine?: number;
}

/** Where in a file something stands, as BuildKit says it: a range for each line of a step. */
export interface SourceRanges {
  readonly file: string;
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  /** The whole file. */
  readonly data?: Uint8Array | undefined;
}

const CONTEXT_LINES = 3;

/** The lines that ranges stand for, with their text; undefined where there is no range. */
export function sourceLines({ file, ranges, data }: SourceRanges): SourceLines | undefined {
  const [first] = ranges;
  if (file === "" || first === undefined || first.start < 1) return undefined;
  const startLine = first.start;
  const endLine = Math.max(...ranges.map(({ start, end }) => Math.max(start, end)));
  return Object.freeze({ file, startLine, endLine, ...textAround(data, startLine, endLine) });
}

function textAround(
  data: Uint8Array | undefined,
  startLine: number,
  endLine: number,
): Pick<SourceLines, "text" | "textLine"> {
  if (data === undefined || data.byteLength === 0) return {};
  const textLine = Math.max(1, startLine - CONTEXT_LINES);
  const lines = Buffer.from(data).toString("utf8").replace(/\n$/, "").split("\n");
  return { text: lines.slice(textLine - 1, endLine + CONTEXT_LINES).join("\n"), textLine };
}
