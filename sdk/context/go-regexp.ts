import {
  type CodePointClass,
  escapePoint,
  formatClass,
  perlClass,
  posixClass,
  unicodeClass,
} from "./code-point-class.ts";

/** Thrown inside this file only. */
const INVALID = Symbol("invalid pattern");

const MAX_REPEAT = 1000;
const SIMPLE_ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const ANCHOR_ESCAPES: Readonly<Record<string, string>> = { A: "(?:^)", z: "(?:$)", b: "(?:\\b)", B: "(?:\\B)" };

/**
 * Compiles a regular expression of Go's dialect, as far as a path pattern can become one: no named groups and no flags.
 * Undefined if Go would refuse it.
 *
 * @source https://pkg.go.dev/regexp/syntax@go1.26.0
 */
export function compileGoRegExp(source: string): RegExp | undefined {
  try {
    return new RegExp(createTranslator([...source]).translate(), "u");
  } catch (error) {
    if (error === INVALID || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function createTranslator(input: readonly string[]): { translate: () => string } {
  let position = 0;
  let output = "";
  /** What stands before: only an atom can be repeated, and not twice. */
  let before: "nothing" | "atom" | "repeat" = "nothing";

  const fail = (): never => {
    throw INVALID;
  };
  const peek = (offset = 0): string => input[position + offset] ?? "";
  const take = (): string => {
    const character = input[position] ?? fail();
    position += 1;
    return character;
  };
  const emit = (text: string, kind: typeof before): void => {
    output += text;
    before = kind;
  };

  const translate = (): string => {
    while (position < input.length) translateNext(take());
    return output;
  };

  const translateNext = (character: string): void => {
    if (character === "\\") translateEscape();
    else if (character === "[") emit(translateClass(), "atom");
    else if (character === "{") translateBrace();
    else if (character === "*" || character === "?") emitRepeat(character);
    else if (character === ".") emit("[^\\n]", "atom");
    else if (character === "^" || character === "$") emit(`(?:${character})`, "atom");
    else if (character === "(" || character === "|") emit(character, "nothing");
    else if (character === ")") emit(character, "atom");
    else emit(escapePoint(codePoint(character)), "atom");
  };

  const emitRepeat = (quantifier: string): void => {
    if (before !== "atom") fail();
    emit(quantifier, "repeat");
  };

  const translateBrace = (): void => {
    const match = /^(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\}/.exec(input.slice(position, position + 40).join(""));
    if (match === null) {
      emit("\\{", "atom");
      return;
    }
    const low = Number(match[1]);
    const high = match[2] === undefined ? low : match[3] === undefined ? MAX_REPEAT : Number(match[3]);
    if (low > MAX_REPEAT || high > MAX_REPEAT || low > high) fail();
    position += match[0].length;
    emitRepeat(`{${match[0]}`);
  };

  const translateEscape = (): void => {
    const letter = peek();
    const anchor = ANCHOR_ESCAPES[letter];
    if (anchor !== undefined) {
      position += 1;
      emit(anchor, "atom");
    } else if (letter === "Q") {
      position += 1;
      translateQuoted();
    } else {
      const set = takeSet();
      emit(set ? formatClass(set, false) : escapePoint(takeEscapedPoint()), "atom");
    }
  };

  const translateQuoted = (): void => {
    while (position < input.length && !(peek() === "\\" && peek(1) === "E")) {
      emit(escapePoint(codePoint(take())), "atom");
    }
    position += 2;
  };

  const translateClass = (): string => {
    const negated = peek() === "^";
    if (negated) position += 1;
    const ranges: (readonly [number, number])[] = [];
    const properties: string[] = [];
    for (let first = true; first || peek() !== "]"; first = false) {
      const set = takeNamedSet();
      ranges.push(...(set ? set.ranges : [takeRange()]));
      properties.push(...(set?.properties ?? []));
    }
    position += 1;
    return formatClass({ ranges, properties }, negated);
  };

  const takeNamedSet = (): CodePointClass | undefined => {
    if (peek() === "[" && peek(1) === ":") {
      const rest = input.slice(position + 2).join("");
      const end = rest.indexOf(":]");
      if (end >= 0) {
        const name = rest.slice(0, end);
        position += 4 + [...name].length;
        return posixClass(name) ?? fail();
      }
    }
    if (peek() !== "\\") return undefined;
    position += 1;
    const set = takeSet();
    if (set === undefined) position -= 1;
    return set;
  };

  const takeRange = (): readonly [number, number] => {
    const low = takeClassPoint();
    if (peek() !== "-" || peek(1) === "]" || peek(1) === "") return [low, low];
    position += 1;
    const high = takeClassPoint();
    return high < low ? fail() : [low, high];
  };

  const takeClassPoint = (): number => {
    const character = take();
    return character === "\\" ? takeEscapedPoint() : codePoint(character);
  };

  /** After a backslash: the class that its letter stands for, if any; else nothing is consumed. */
  const takeSet = (): CodePointClass | undefined => {
    const letter = peek();
    if (letter === "p" || letter === "P") {
      position += 1;
      const name = take() === "{" ? takeUntilBrace() : peek(-1);
      const inverted = name.startsWith("^");
      return unicodeClass(inverted ? name.slice(1) : name, (letter === "P") !== inverted) ?? fail();
    }
    const set = perlClass(letter);
    if (set !== undefined) position += 1;
    return set;
  };

  const takeUntilBrace = (): string => {
    let text = "";
    for (let next = take(); next !== "}"; next = take()) text += next;
    return text;
  };

  const takeEscapedPoint = (): number => {
    const letter = take();
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) return simple;
    if (letter === "x") return takeHexPoint();
    if (letter === "0" || (/[1-7]/.test(letter) && /[0-7]/.test(peek()))) return takeOctalPoint(letter);
    return /[^0-9A-Za-z]/.test(letter) && codePoint(letter) < 0x80 ? codePoint(letter) : fail();
  };

  const takeOctalPoint = (first: string): number => {
    let digits = first;
    while (digits.length < 3 && /[0-7]/.test(peek())) digits += take();
    return Number.parseInt(digits, 8);
  };

  const takeHexPoint = (): number => {
    const digits = take() === "{" ? takeUntilBrace() : `${peek(-1)}${take()}`;
    const value = /^[0-9A-Fa-f]+$/.test(digits) ? Number.parseInt(digits, 16) : fail();
    return value > 0x10ffff ? fail() : value;
  };

  return { translate };
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}
