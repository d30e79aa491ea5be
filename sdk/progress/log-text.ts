/** What a piece of output adds to a log: the lines it completes, and the beginning of the next one. */
export interface SplitLog {
  readonly lines: readonly string[];
  readonly partial: string;
}

/** A line longer than this is cut into several, so that output without line ends cannot fill the memory. */
const MAX_LINE_CHARACTERS = 16 * 1024;

/**
 * Cuts output of a build into lines.
 *
 * A carriage return starts the line again, as on a terminal: of a progress bar that redraws itself, the last state stays.
 */
export function splitLog(partial: string, text: string): SplitLog {
  const parts = (partial + text).split("\n");
  const rest = parts.pop() ?? "";
  const lines = parts.map((line) => lastDrawn(line));
  const kept = rest.endsWith("\r") ? `${lastDrawn(rest)}\r` : lastDrawn(rest);
  if (kept.length <= MAX_LINE_CHARACTERS) return { lines, partial: kept };
  return { lines: [...lines, kept.trimEnd()], partial: "" };
}

function lastDrawn(line: string): string {
  if (!line.includes("\r")) return line;
  return line.split("\r").findLast((drawn) => drawn !== "") ?? "";
}

/** Operating system commands, strings and private messages: from their introducer to the terminator, or to the end. */
const STRINGS = String.raw`(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u009c|\u001b\\|$)`;
const CONTROL_SEQUENCES = String.raw`(?:\u001b\[|\u009b)[\u0030-\u003f]*[\u0020-\u002f]*[\u0040-\u007e]?`;
const OTHER_ESCAPES = String.raw`\u001b[\u0020-\u002f]*[\u0030-\u007e]?`;
const SEQUENCE = new RegExp(`${STRINGS}|${CONTROL_SEQUENCES}|${OTHER_ESCAPES}`, "gu");
const COLOR_TEXT = String.raw`\u001b\[[0-9;:]*m`;
const COLOR = new RegExp(`^${COLOR_TEXT}$`, "u");
/** C0 and C1 controls but the tab; then the marks that reorder or hide text. Colours that were let pass stay. */
const INVISIBLE = new RegExp(
  String.raw`(?!${COLOR_TEXT})[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]`,
  "gu",
);
const RESET = "\u001b[0m";

/**
 * Makes one line of foreign output safe to print: whatever could move the cursor, set a title, ask the terminal a
 * question or reorder text is taken out. Tabs become blanks.
 *
 * @param options.colors - Lets colours pass, and ends the line in the terminal's own colour. Default false.
 */
export function neutralizeLine(line: string, options: { readonly colors?: boolean } = {}): string {
  let colored = false;
  const withoutSequences = line.replace(SEQUENCE, (sequence) => {
    if (options.colors !== true || !COLOR.test(sequence)) return "";
    colored = true;
    return sequence;
  });
  const safe = withoutSequences.replace(INVISIBLE, "").replaceAll("\t", "    ");
  return colored ? `${safe}${RESET}` : safe;
}
