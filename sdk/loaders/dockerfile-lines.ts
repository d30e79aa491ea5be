/** One instruction of a Dockerfile: its name in upper case, and the rest with continuations joined. */
export interface Instruction {
  readonly name: string;
  readonly rest: string;
  /** Line of its first word, from 1. */
  readonly line: number;
}

/** A Dockerfile as its instructions, and the parser directives at its head. */
export interface DockerfileLines {
  readonly directives: Readonly<Record<string, string>>;
  readonly instructions: readonly Instruction[];
}

const HEREDOC = /(?:^|\s)\d*<<(-?)(["']?)([^\s"'<]+)\2(?=\s|$)/g;

/**
 * Splits a Dockerfile into instructions: comments, blank lines and the bodies of heredocs are left out.
 *
 * @source https://docs.docker.com/reference/dockerfile/
 */
export function readDockerfile(text: string): DockerfileLines {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const directives = readDirectives(lines);
  const continuation = directives.escape === "`" ? "`" : "\\";
  const instructions: Instruction[] = [];
  let position = 0;
  while (position < lines.length) {
    const start = position;
    const logical = readLogicalLine(lines, position, continuation);
    position = logical.next;
    const match = /^\s*([A-Za-z]+)(?:\s+([\s\S]*))?$/.exec(logical.text);
    if (!match) continue;
    const [, word = "", rest = ""] = match;
    const name = word.toUpperCase();
    instructions.push({ name, rest: rest.trim(), line: start + 1 });
    if (["RUN", "COPY", "ADD"].includes(name)) position = skipHeredocs(lines, position, rest);
  }
  return { directives, instructions };
}

function readDirectives(lines: readonly string[]): Record<string, string> {
  const directives: Record<string, string> = {};
  for (const line of lines) {
    const match = /^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$/.exec(line);
    const [, name, value] = match ?? [];
    if (name === undefined || value === undefined) break;
    directives[name.toLowerCase()] ??= value;
  }
  return directives;
}

function readLogicalLine(lines: readonly string[], from: number, continuation: string): { text: string; next: number } {
  let text = "";
  let position = from;
  let continued = false;
  while (position < lines.length) {
    const line = lines[position] ?? "";
    position += 1;
    if (/^\s*#/.test(line) || (continued && line.trim() === "")) {
      if (continued) continue;
      break;
    }
    const trimmed = line.trimEnd();
    continued = trimmed.endsWith(continuation);
    text += continued ? trimmed.slice(0, -1) : line;
    if (!continued) break;
  }
  return { text, next: position };
}

/** The line after the bodies of all heredocs that an instruction opens; the end of the file if one is not closed. */
function skipHeredocs(lines: readonly string[], from: number, rest: string): number {
  let position = from;
  for (const [, dash, , name] of rest.matchAll(HEREDOC)) {
    const end = lines.findIndex(
      (line, index) => index >= position && (dash ? line.replace(/^\t+/, "") : line) === name,
    );
    position = end < 0 ? lines.length : end + 1;
  }
  return position;
}
