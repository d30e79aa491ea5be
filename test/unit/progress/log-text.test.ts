import fc from "fast-check";
import { expect, test } from "vitest";
import { neutralizeLine, splitLog } from "../../../sdk/progress/log-text.ts";

test.each([
  ["a window title", "a\u001b]0;owned\u0007b", "ab"],
  ["a title with the other terminator", "a\u001b]0;owned\u001b\\b", "ab"],
  ["a title that never ends", "a\u001b]52;c;ZXZpbA==", "a"],
  ["a device string", "a\u001bP+q544e\u001b\\b", "ab"],
  ["cursor movement", "a\u001b[2J\u001b[1;1Hb\u001b[1A", "ab"],
  ["a question to the terminal", "a\u001b[6nb\u001b[c", "ab"],
  ["one-byte introducers", "a\u009b2Jb\u009d0;x\u009cc", "abc"],
  ["a lone escape", "a\u001b", "a"],
  ["a sequence nested in another", "a\u001b\u001b[0m[2Jb", "a[2Jb"],
  ["bell, backspace, NUL", "a\u0007b\bc\u0000", "abc"],
  ["text that is drawn backwards", "a\u202eb\u2066c", "abc"],
  ["a tab", "a\tb", "a    b"],
  ["ordinary text", "größe 大 🚀", "größe 大 🚀"],
])("%s is neutralized", (_name, text, expected) => {
  expect(neutralizeLine(text)).toBe(expected);
});

test("colours pass where they may, and end with the line", () => {
  expect(neutralizeLine("\u001b[1;31mred\u001b[2K", { colors: true })).toBe("\u001b[1;31mred\u001b[0m");
  expect(neutralizeLine("\u001b[31mred")).toBe("red");
  expect(neutralizeLine("\u001b[38:2::1:2:3mx", { colors: true })).toBe("\u001b[38:2::1:2:3mx\u001b[0m");
});

const hostile = fc.array(
  fc.constantFrom("\u001b", "[", "]", "0", ";", "m", "J", "\u0007", "\u009b", "\\", "P", "\r", "a"),
);

test("whatever comes, no control character is left but those of colours", () => {
  fc.assert(
    fc.property(hostile, (pieces) => {
      const text = pieces.join("");
      expect(neutralizeLine(text)).not.toMatch(/\p{Cc}/u);
      const withoutColors = neutralizeLine(text, { colors: true }).split(/\u001b\[[0-9;:]*m/u);
      expect(withoutColors.join("")).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test.each([
  ["lines and a rest", "", "a\nb\nc", ["a", "b"], "c"],
  ["a rest that is continued", "ab", "c\n", ["abc"], ""],
  ["Windows line ends", "", "a\r\nb\r\n", ["a", "b"], ""],
  ["a line that is drawn again", "", "10%\r50%\r100%\n", ["100%"], ""],
  ["an empty line", "", "\n\n", ["", ""], ""],
])("%s", (_name, partial, text, lines, rest) => {
  expect(splitLog(partial, text)).toEqual({ lines, partial: rest });
});

test("a line that is drawn again over several pieces", () => {
  const first = splitLog("", "10%\r");
  const second = splitLog(first.partial, "99%");
  expect(splitLog(second.partial, "\n").lines).toEqual(["99%"]);
  expect(splitLog(first.partial, "\n").lines).toEqual(["10%"]);
});

test("output without line ends is cut", () => {
  const { lines, partial } = splitLog("", "x".repeat(20_000));
  expect(lines).toHaveLength(1);
  expect(partial).toBe("");
});
