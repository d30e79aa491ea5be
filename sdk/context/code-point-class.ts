/** A set of characters: ranges of code points, and Unicode properties in JavaScript's spelling. */
export interface CodePointClass {
  readonly ranges: readonly (readonly [low: number, high: number])[];
  readonly properties: readonly string[];
}

const LAST_CODE_POINT = 0x10ffff;

const PERL: Readonly<Record<string, CodePointClass["ranges"]>> = {
  d: [[0x30, 0x39]],
  s: [
    [0x09, 0x0a],
    [0x0c, 0x0d],
    [0x20, 0x20],
  ],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
};

const POSIX: Readonly<Record<string, string>> = {
  alnum: "09AZaz",
  alpha: "AZaz",
  ascii: "\x00\x7f",
  blank: "\t\t  ",
  cntrl: "\x00\x1f\x7f\x7f",
  digit: "09",
  graph: "!~",
  lower: "az",
  print: " ~",
  punct: "!/:@[`{~",
  space: "\t\r  ",
  upper: "AZ",
  word: "09AZ__az",
  xdigit: "09AFaf",
};

/** The class of `\d`, `\s`, `\w` and their opposites, which cover ASCII only; undefined for any other letter. */
export function perlClass(letter: string): CodePointClass | undefined {
  const ranges = PERL[letter.toLowerCase()];
  if (ranges === undefined) return undefined;
  return { ranges: letter === letter.toLowerCase() ? ranges : complement(ranges), properties: [] };
}

/** The class of `[:name:]` or `[:^name:]`; undefined if there is none of that name. */
export function posixClass(name: string): CodePointClass | undefined {
  const negated = name.startsWith("^");
  const pairs = POSIX[negated ? name.slice(1) : name];
  if (pairs === undefined) return undefined;
  const ranges = Array.from({ length: pairs.length / 2 }, (_, index): readonly [number, number] => [
    pairs.charCodeAt(index * 2),
    pairs.charCodeAt(index * 2 + 1),
  ]);
  return { ranges: negated ? complement(ranges) : ranges, properties: [] };
}

/** The class of a Unicode category or script; undefined if there is none of that name. */
export function unicodeClass(name: string, negated: boolean): CodePointClass | undefined {
  if (name === "Any") return { ranges: negated ? [] : [[0, LAST_CODE_POINT]], properties: [] };
  for (const key of ["gc", "Script"]) {
    const property = `\\${negated ? "P" : "p"}{${key}=${name}}`;
    if (/^\w+$/.test(name) && isPattern(property)) return { ranges: [], properties: [property] };
  }
  return undefined;
}

/** The class as JavaScript writes it, for a pattern with the `u` flag. */
export function formatClass({ ranges, properties }: CodePointClass, negated: boolean): string {
  const members = ranges.map(([low, high]) =>
    low === high ? escapePoint(low) : `${escapePoint(low)}-${escapePoint(high)}`,
  );
  return `[${negated ? "^" : ""}${members.join("")}${properties.join("")}]`;
}

/** A code point as an escape that means itself everywhere in a pattern with the `u` flag. */
export function escapePoint(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}

function complement(ranges: CodePointClass["ranges"]): CodePointClass["ranges"] {
  const gaps: (readonly [number, number])[] = [];
  let next = 0;
  for (const [low, high] of ranges) {
    if (low > next) gaps.push([next, low - 1]);
    next = high + 1;
  }
  return [...gaps, [next, LAST_CODE_POINT]];
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, "u") instanceof RegExp;
  } catch {
    return false;
  }
}
