import { compileGoRegExp } from "./go-regexp.ts";

/**
 * True if Go's `filepath.Match(pattern, ".")` finds no mistake in the pattern: an open or empty class, a backslash at the
 * end. It looks no further than the pattern matches, up to the next `*`: what follows may well be wrong.
 *
 * @source https://github.com/golang/go/blob/go1.26.0/src/path/filepath/match.go
 */
export function isGoGlob(pattern: string): boolean {
  return parseGlob(pattern, (prefix) => compileGoRegExp(`^${prefix}`)?.test(".") === true) !== undefined;
}

/**
 * Go's `filepath.Match` over one element of a path: `*`, `?`, classes and `\` escapes. False for a pattern that Go refuses.
 *
 * @source https://pkg.go.dev/path/filepath@go1.26.0#Match
 */
export function matchGoGlob(pattern: string, name: string): boolean {
  const source = parseGlob(pattern, () => true);
  return source !== undefined && compileGoRegExp(`^${source}$`)?.test(name) === true;
}

/**
 * The glob as a regular expression, or undefined if it is wrong. Before each `*`, `goOn` gets what was read so far and may
 * end the reading.
 */
function parseGlob(pattern: string, goOn: (prefix: string) => boolean): string | undefined {
  const characters = [...pattern];
  let source = "";
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] ?? "";
    if (character === "*") {
      if (!goOn(source)) return source;
      source += "[^/]*";
    } else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const parsed = parseClass(characters, index + 1);
      if (parsed === undefined) return undefined;
      source += parsed.source;
      index = parsed.end;
    } else {
      if (character === "\\") index += 1;
      const literal = characters[index];
      if (literal === undefined) return undefined;
      source += quote(literal);
    }
  }
  return source;
}

function parseClass(characters: readonly string[], start: number): { source: string; end: number } | undefined {
  const negated = characters[start] === "^";
  let index = negated ? start + 1 : start;
  let members = "";
  const takePoint = (): string | undefined => {
    if (characters[index] === "-" || characters[index] === "]") return undefined;
    if (characters[index] === "\\") index += 1;
    const point = characters[index];
    index += 1;
    return index < characters.length ? point : undefined;
  };
  for (let count = 0; count === 0 || characters[index] !== "]"; count += 1) {
    const low = takePoint();
    let high = low;
    if (low !== undefined && characters[index] === "-") {
      index += 1;
      high = takePoint();
    }
    if (low === undefined || high === undefined) return undefined;
    if ((low.codePointAt(0) ?? 0) <= (high.codePointAt(0) ?? 0)) members += `${quote(low)}-${quote(high)}`;
  }
  if (members === "") return { source: negated ? "\\p{Any}" : "\\P{Any}", end: index };
  return { source: `[${negated ? "^" : ""}${members}]`, end: index };
}

/** A character that stands for itself. */
function quote(character: string): string {
  return `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
