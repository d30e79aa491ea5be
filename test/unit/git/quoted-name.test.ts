import { expect, test } from "vitest";
import { quotedByGit } from "../../../sdk/git/quoted-name.ts";

test.each([
  ["plain name.txt", false, false],
  ["tab\tname", true, true],
  ['say "hi"', true, true],
  ["back\\slash", true, true],
  ["del\x7f", true, true],
  ["n\xc3\xa4me", true, false],
])("%j", (name, quoted, quotedWithoutQuotePath) => {
  expect(quotedByGit(name, true)).toBe(quoted);
  expect(quotedByGit(name, false)).toBe(quotedWithoutQuotePath);
});
