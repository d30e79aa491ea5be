import { TemplateFault } from "./template-fault.ts";

/** A piece of a template: text, or what stands between `{{` and `}}`. */
export type TemplatePiece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[] };

/** A word of an action; `attached` if nothing stands between it and the one before. */
export type Token = (
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "word"; readonly name: string }
  | { readonly kind: "mark"; readonly mark: "." | "(" | ")" | "|" }
) & { readonly attached: boolean };

const OPEN = "{{";
const BLANKS = /^[ \t\r\n]+/;

/** Cuts a template into text and actions; trim markers and comments are gone after this. */
export function readTemplate(template: string): TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let rest = template;
  let trimStart = false;
  while (rest !== "") {
    const open = rest.indexOf(OPEN);
    const before = open < 0 ? rest : rest.slice(0, open);
    const afterOpen = open < 0 ? "" : rest.slice(open + OPEN.length);
    const trimEnd = /^-[ \t\r\n]/.test(afterOpen);
    const text = trimmed(before, trimStart, trimEnd);
    if (text !== "") pieces.push({ kind: "text", text });
    if (open < 0) break;
    const action = readAction(trimEnd ? afterOpen.slice(1) : afterOpen);
    if (action.tokens !== undefined) pieces.push({ kind: "action", tokens: action.tokens });
    trimStart = action.trimNext;
    rest = action.rest;
  }
  return pieces;
}

function trimmed(text: string, start: boolean, end: boolean): string {
  const left = start ? text.replace(BLANKS, "") : text;
  return end ? left.replace(/[ \t\r\n]+$/, "") : left;
}

interface Action {
  /** Undefined for a comment. */
  readonly tokens?: readonly Token[];
  readonly trimNext: boolean;
  readonly rest: string;
}

function readAction(source: string): Action {
  const comment = /^[ \t\r\n]*\/\*[\s\S]*?\*\/([ \t\r\n]+-)?\}\}/.exec(source);
  if (comment) return { trimNext: comment[1] !== undefined, rest: source.slice(comment[0].length) };
  const tokens: Token[] = [];
  let rest = source;
  let spaced = true;
  for (;;) {
    const close = /^(?:([ \t\r\n]+-)|[ \t\r\n]*)\}\}/.exec(rest);
    if (close) return { tokens, trimNext: close[1] !== undefined, rest: rest.slice(close[0].length) };
    const blanks = BLANKS.exec(rest)?.[0].length ?? 0;
    spaced = spaced || blanks > 0;
    rest = rest.slice(blanks);
    if (rest === "") throw new TemplateFault("unclosed action");
    const [token, length] = readToken(rest, !spaced);
    tokens.push(token);
    rest = rest.slice(length);
    spaced = false;
  }
}

function readToken(rest: string, attached: boolean): readonly [Token, number] {
  const quoted = /^"(?:[^"\\\n]|\\.)*"/.exec(rest)?.[0];
  if (quoted !== undefined) return [{ kind: "string", value: unquote(quoted), attached }, quoted.length];
  const raw = /^`[^`]*`/.exec(rest)?.[0];
  if (raw !== undefined)
    return [{ kind: "string", value: raw.slice(1, -1).replaceAll("\r", ""), attached }, raw.length];
  const integer = /^[+-]?(?:0|[1-9][0-9]*)(?![\w.])/.exec(rest)?.[0];
  if (integer !== undefined) return [{ kind: "integer", value: Number(integer), attached }, integer.length];
  const field = /^\.([\p{L}_][\p{L}\p{Nd}_]*)/u.exec(rest);
  if (field) return [{ kind: "field", name: field[1] ?? "", attached }, field[0].length];
  const word = /^[\p{L}_][\p{L}\p{Nd}_]*/u.exec(rest)?.[0];
  if (word !== undefined) return [{ kind: "word", name: word, attached }, word.length];
  const [mark = ""] = rest;
  if (mark === "." || mark === "(" || mark === ")" || mark === "|") return [{ kind: "mark", mark, attached }, 1];
  throw new TemplateFault(`unexpected ${JSON.stringify(mark)} in action`);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", '"': '"' };

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => {
    const value = ESCAPES[letter];
    if (value === undefined) throw new TemplateFault(`the escape \\${letter} is not supported`);
    return value;
  });
}
