import { describe, expect, it } from "vitest";
import { parsePatterns } from "../../../sdk/context/pattern.ts";

describe("patterns", () => {
  it.each<[string, string, boolean]>([
    ["./foo/", "foo", true],
    ["/foo", "foo", false],
    ["!./foo", "foo", false],
    ["foo", "foo/bar/q", true],
    ["foo", "a/foo", false],
    ["Foo", "foo", false],
    ["*.c", "x.c", true],
    ["*.c", "a/x.c", false],
    ["?", "𝒳", true],
    ["**/foo", "foo", true],
    ["**/foo", "a/b/foo/c", true],
    ["foo/**", "foo", false],
    ["foo/**", "foo/a/b", true],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["foo**", "foobar/x", true],
    ["**foo", "a/xfoo", true],
    ["[a-c]x", "bx", true],
    ["[^a]x", "ax", false],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["a|b*", "anything", true],
    ["a{2}*", "aab", true],
    ["a{2}", "aa", false],
    ["x.*", "xyz", false],
  ])("%j on %j: %s", (pattern, path, expected) => {
    expect(parsePatterns([pattern]).matches(path)).toBe(expected);
  });

  it("lets the last pattern that matches decide", () => {
    const patterns = parsePatterns(["  ", "a", "!a/b", "a/b/c"]);
    expect(["a", "a/b", "a/b/c", "a/b/d", "a/x"].map(patterns.matches)).toEqual([true, false, true, false, true]);
    expect(patterns.patterns.map(({ text, exception }) => [text, exception])).toEqual([
      ["a", false],
      ["a/b", true],
      ["a/b/c", false],
    ]);
  });

  it("knows a parent's match for its entries", () => {
    const patterns = parsePatterns(["a", "!a/b"]);
    const directory = patterns.matchEntry("a", undefined);
    expect(directory.matched).toBe(true);
    const below = patterns.matchEntry("a/b", directory.state);
    expect(below.matched).toBe(false);
    expect(patterns.matchEntry("a/b/c", below.state).matched).toBe(false);
  });

  it.each(["!", "[", "[]", "[a-]", "x\\"])("refuses %j", (pattern) => {
    expect(() => parsePatterns([pattern])).toThrowError(expect.objectContaining({ code: "INPUT_PATTERN_INVALID" }));
  });

  it("refuses what turns out wrong only in use", () => {
    const patterns = parsePatterns(["[b-a]*"]);
    expect(() => patterns.matches("x")).toThrowError(expect.objectContaining({ code: "INPUT_PATTERN_INVALID" }));
  });
});
