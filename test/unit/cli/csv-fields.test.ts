import { expect, test } from "vitest";
import { parseCsvFields } from "../../../sdk/cli/csv-fields.ts";

test.each([
  ["", [""]],
  ["a", ["a"]],
  ["a,b=c", ["a", "b=c"]],
  ["a,,b,", ["a", "", "b", ""]],
  ['"a,b",c', ["a,b", "c"]],
  ['"a=""q""",b', ['a="q"', "b"]],
  ['"",x', ["", "x"]],
])("%j", (line, fields) => {
  expect(parseCsvFields(line)).toEqual(fields);
});

test.each(['"a', 'a"b', '"a"b,c', 'a,"', '"""'])("%j is none", (line) => {
  expect(parseCsvFields(line)).toBeUndefined();
});
