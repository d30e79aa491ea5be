import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ROWS } from "./rows.ts";

const rows = ROWS.flatMap((section) => section.rows);
const numbered = (letter: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${letter}${String(index + 1).padStart(2, "0")}`);

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

test("every promise has one row", () => {
  const wanted = [...numbered("P", 85), ...numbered("N", 13), "N17", ...numbered("B", 34)];
  expect(rows.map(({ id }) => id).sort()).toEqual(wanted.sort());
});

test.each(rows.flatMap(({ id, outcome }) => ("proof" in outcome && outcome.proof ? [{ id, ...outcome.proof }] : [])))(
  "the test for $id is there: $file, $test",
  ({ file, test: name }) => {
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    expect(existsSync(path)).toBe(true);
    const quoted = ['"', "'", "`"].map((quote) => `${quote}${name}${quote}`);
    const text = readFileSync(path, "utf8");
    expect(quoted.some((each) => new RegExp(`\\((?:\\s*)${escaped(each)}`).test(text))).toBe(true);
  },
);

test("what has no test says why", () => {
  const silent = rows.filter(({ outcome }) => outcome.kind !== "same" && outcome.note.length < 10);
  expect(silent).toEqual([]);
});
