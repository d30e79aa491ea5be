import { InputError } from "../core/errors.ts";
import { cleanPath, trimSpace } from "./clean-path.ts";
import { isGoGlob } from "./go-match.ts";
import { compileGoRegExp } from "./go-regexp.ts";

/** One pattern of a list. */
export interface Pattern {
  /** Cleaned, without the `!`. */
  readonly text: string;
  /** True for `!pattern`: brings back what an earlier pattern matched. */
  readonly exception: boolean;
}

/** Which patterns of a list matched a directory or one of its parents, by index. */
export type ParentMatch = readonly boolean[];

/** What a list of patterns says about one path. */
export interface PatternMatch {
  readonly matched: boolean;
  /** To be handed in for the entries of the directory. */
  readonly state: ParentMatch;
}

/**
 * A list of patterns with the meaning of `.dockerignore`: `*`, `?`, classes, `**`, a match of a parent directory matches
 * what is below, and the last pattern that matches decides.
 *
 * Every quirk of moby/patternmatcher is kept, since the daemon's frontend relies on them: in patterns with wildcards
 * `{`, `}`, `|` and `^` are not escaped, `\d` is a class, `foo**` is a plain prefix.
 *
 * @source https://github.com/moby/patternmatcher/blob/v0.6.1/patternmatcher.go
 */
export interface PatternList {
  readonly patterns: readonly Pattern[];
  readonly hasExceptions: boolean;
  /** Tests a path whose parent directories are not known; they are tested as well. */
  matches(path: string): boolean;
  /** Tests an entry of a directory that was tested before; undefined for entries of the root. */
  matchEntry(path: string, parent: ParentMatch | undefined): PatternMatch;
}

type Test = (path: string) => boolean;

/**
 * Reads a list of patterns. White space around them is cut, empty ones are left out.
 *
 * @throws InputError `INPUT_PATTERN_INVALID`, also later from a match: some mistakes count only once a pattern is used.
 */
export function parsePatterns(texts: readonly string[]): PatternList {
  const patterns = texts.map(trimSpace).filter(Boolean).map(parsePattern);
  const tests = patterns.map(lazyTest);

  const matchEntry = (path: string, parent: ParentMatch | undefined): PatternMatch => {
    const parents = parent === undefined ? parentsOf(path) : [];
    const state: boolean[] = new Array(patterns.length).fill(false);
    let matched = false;
    for (const [index, { exception }] of patterns.entries()) {
      if (parent?.[index] !== true) {
        if (exception !== matched) continue;
        const test = tests[index];
        if (!test?.(path) && !parents.some((directory) => test?.(directory))) continue;
      }
      state[index] = true;
      matched = !exception;
    }
    return { matched, state };
  };

  return Object.freeze({
    patterns: Object.freeze(patterns),
    hasExceptions: patterns.some(({ exception }) => exception),
    matches: (path: string) => matchEntry(path, undefined).matched,
    matchEntry,
  });
}

function parsePattern(text: string): Pattern {
  const cleaned = cleanPath(text);
  const exception = cleaned.startsWith("!");
  const pattern = exception ? cleaned.slice(1) : cleaned;
  if (pattern === "" || !isGoGlob(pattern)) throw invalidPattern(text);
  return Object.freeze({ text: pattern, exception });
}

function parentsOf(path: string): readonly string[] {
  const parents: string[] = [];
  for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1))
    parents.push(path.slice(0, slash));
  return parents;
}

function lazyTest({ text }: Pattern): Test {
  let test: Test | undefined;
  return (path) => {
    test ??= compileTest(text);
    return test(path);
  };
}

function compileTest(text: string): Test {
  const { kind, source } = translate(text);
  if (kind === "exact") return (path) => path === text;
  if (kind === "prefix") {
    const prefix = text.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  if (kind === "suffix") {
    const suffix = text.slice(2);
    return (path) => path.endsWith(suffix) || (suffix.startsWith("/") && path === suffix.slice(1));
  }
  const regexp = compileGoRegExp(source);
  if (regexp === undefined) throw invalidPattern(text);
  return (path) => regexp.test(path);
}

/** How a pattern is matched, and the regular expression (in Go's dialect) if it takes one. */
function translate(text: string): { kind: "exact" | "prefix" | "suffix" | "regexp"; source: string } {
  const characters = [...text];
  let kind: "exact" | "prefix" | "suffix" | "regexp" = "exact";
  let source = "^";
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] ?? "";
    if (character === "*" && characters[index + 1] === "*") {
      const first = index === 0;
      index += characters[index + 2] === "/" ? 2 : 1;
      const last = index === characters.length - 1;
      source += last ? ".*" : "(.*/)?";
      kind = first ? "suffix" : last && kind === "exact" ? "prefix" : "regexp";
    } else if (character === "*" || character === "?") {
      source += character === "*" ? "[^/]*" : "[^/]";
      kind = "regexp";
    } else if (character === "\\") {
      index += 1;
      source += `\\${characters[index] ?? ""}`;
      kind = "regexp";
    } else {
      if (character === "[" || character === "]") kind = "regexp";
      source += ".+()$".includes(character) ? `\\${character}` : character;
    }
  }
  return { kind, source: `${source}$` };
}

function invalidPattern(text: string): InputError {
  return new InputError("INPUT_PATTERN_INVALID", `"${text}" is not a valid pattern`, {
    hint: "Close every [class], write nothing but a character after a backslash, and a pattern after !.",
  });
}
