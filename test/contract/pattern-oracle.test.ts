import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { matchGoGlob } from "../../sdk/context/go-match.ts";
import { parseIgnoreFile } from "../../sdk/context/ignore-file.ts";
import { type ParentMatch, parsePatterns } from "../../sdk/context/pattern.ts";
import { isKitsmithError } from "../../sdk/core/errors.ts";

interface Question {
  readonly patterns: readonly string[];
  readonly paths: readonly string[];
  readonly glob: string;
  readonly ignoreFile: string;
}

interface Answer {
  readonly whole: string;
  readonly walked: string;
  readonly glob: string;
  readonly ignore: readonly string[] | null;
}

const SEED = 20_261_121;
const CASES = 6000;

/** Pieces that patterns and names are made of: what means something to a glob, to a regular expression, and plain text. */
const NAME_PIECES = [
  "a",
  "b",
  "foo",
  "bar",
  ".",
  "-",
  "é",
  "𝒳",
  "|",
  "{",
  "}",
  "2",
  "+",
  "(",
  ")",
  "$",
  "^",
  "!",
  " ",
  ",",
];
const PATTERN_PIECES = [
  ...NAME_PIECES,
  ...["*", "**", "?", "/", "/", "**/", "/**", "[ab]", "[^a]", "[a-f]", "[]", "[", "]", "[!b]", "[b-a]", "[é-ü]"],
  ...[
    "\\",
    "\\*",
    "\\d",
    "\\w",
    "[\\d]",
    "\\.",
    "\\|",
    "\\x41",
    "\\1",
    "\\pL",
    "\\Q",
    "\\E",
    "\\b",
    "\\é",
    "[[:alpha:]]",
  ],
  ...[
    "{2}",
    "{1,2}",
    "{2,1}",
    "{,2}",
    "./",
    "../",
    "!",
    "#",
    "\t",
    "[*]",
    "[?]",
    "[.]",
    "[\\]]",
    "[^]",
    "[a-]",
    "[-a]",
  ],
];

const name = fc.array(fc.constantFrom(...NAME_PIECES), { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(""));
const path = fc
  .array(name, { minLength: 1, maxLength: 4 })
  .map((names) => names.join("/"))
  .filter((text) => !text.split("/").some((part) => part === "." || part === ".."));
const pattern = fc
  .tuple(fc.boolean(), fc.array(fc.constantFrom(...PATTERN_PIECES), { minLength: 1, maxLength: 6 }))
  .map(([exception, pieces]) => `${exception ? "!" : ""}${pieces.join("")}`);
const question: fc.Arbitrary<Question> = fc.record({
  patterns: fc.array(pattern, { minLength: 1, maxLength: 3 }),
  paths: fc.array(path, { minLength: 8, maxLength: 8 }),
  glob: pattern,
  ignoreFile: fc
    .array(fc.oneof(pattern, fc.constantFrom("", "# a", " # b", "\uFEFF#c", "! /x/", "/", " a b ", "\u0085a", "!")), {
      maxLength: 5,
    })
    .map((lines) => lines.join("\n")),
});

describe("patterns mean what Go's moby/patternmatcher says", () => {
  const directory = mkdtempSync(join(tmpdir(), "kitsmith-oracle-"));
  const questions = fc.sample(question, { numRuns: CASES, seed: SEED });
  let answers: readonly Answer[] = [];

  beforeAll(() => {
    const program = join(directory, "pattern-oracle");
    const source = fileURLToPath(new URL("../engines/pattern-oracle", import.meta.url));
    execFileSync("go", ["build", "-o", program, "."], { cwd: source, stdio: ["ignore", "inherit", "inherit"] });
    const input = questions.map((entry) => JSON.stringify(entry)).join("\n");
    const output = execFileSync(program, { input, encoding: "utf8", maxBuffer: 1 << 28 });
    answers = output
      .trim()
      .split("\n")
      .map((line): Answer => JSON.parse(line));
  }, 300_000);

  afterAll(() => rmSync(directory, { recursive: true }));

  it("has an answer to each question, of each kind", () => {
    expect(answers).toHaveLength(CASES);
    const letters = new Set(answers.flatMap(({ whole, walked, glob }) => [...whole, ...walked, ...glob]));
    expect([...letters]).toEqual(expect.arrayContaining(["y", "n", "e"]));
  });

  it.each<[string, (entry: Question) => string, (answer: Answer) => string]>([
    ["whole paths", ({ patterns, paths }) => ask(patterns, paths, matchesWhole), ({ whole }) => whole],
    ["directory by directory", ({ patterns, paths }) => ask(patterns, paths, matchesWalked), ({ walked }) => walked],
    [
      "globs",
      ({ glob, paths }) => paths.map((each) => letter(matchGoGlob(glob, each))).join(""),
      ({ glob }) => glob.replaceAll("e", "n"),
    ],
    [
      "ignore files",
      ({ ignoreFile }) => JSON.stringify(parseIgnoreFile(ignoreFile)),
      ({ ignore }) => JSON.stringify(ignore ?? []),
    ],
  ])("%s", (_title, ours, theirs) => {
    const different = questions.flatMap((entry, index) => {
      const answer = answers[index];
      const [expected, actual] = [answer && theirs(answer), ours(entry)];
      return expected === actual ? [] : [{ entry, expected, actual }];
    });
    expect(different.slice(0, 5)).toEqual([]);
    expect(different).toHaveLength(0);
  });
});

type Match = (patterns: ReturnType<typeof parsePatterns>, path: string) => boolean;

function ask(texts: readonly string[], paths: readonly string[], match: Match): string {
  try {
    parsePatterns(texts);
  } catch (error) {
    return isKitsmithError(error) ? "invalid" : "";
  }
  return paths.map((each) => answer(() => match(parsePatterns(texts), each))).join("");
}

function answer(task: () => boolean): string {
  try {
    return letter(task());
  } catch (error) {
    return isKitsmithError(error) && error.code === "INPUT_PATTERN_INVALID" ? "e" : "";
  }
}

const matchesWhole: Match = (patterns, each) => patterns.matches(each);

const matchesWalked: Match = (patterns, each) => {
  let state: ParentMatch | undefined;
  let matched = false;
  for (const [index] of each.split("/").entries()) {
    const directory = each
      .split("/")
      .slice(0, index + 1)
      .join("/");
    ({ matched, state } = patterns.matchEntry(directory, state));
  }
  return matched;
};

function letter(matched: boolean): string {
  return matched ? "y" : "n";
}
