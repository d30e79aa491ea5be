import { describe, expect, test } from "vitest";
import { sortTagInputs, type TagInput, transitiveHash } from "../../../sdk/plan/tag-inputs.ts";

const tree: TagInput = { kind: "tree", name: ".", value: "0df5", inTag: true };
const arg: TagInput = { kind: "buildArg", name: "A", value: "1", inTag: true };
const recipe: TagInput = { kind: "recipe", name: "recipe", value: "aa", platform: "linux/amd64", inTag: true };

describe("transitiveHash", () => {
  test("is the same in whatever order the inputs are found", () => {
    expect(transitiveHash([tree, arg, recipe])).toBe(transitiveHash([recipe, tree, arg]));
    expect(transitiveHash([tree])).toMatch(/^[0-9a-f]{40}$/);
  });

  test("is another one for each value, name, kind and platform", () => {
    const hashes = [
      [tree, arg, recipe],
      [tree, { ...arg, value: "2" }, recipe],
      [tree, { ...arg, name: "B" }, recipe],
      [tree, { ...arg, kind: "setting" as const }, recipe],
      [tree, arg, { ...recipe, platform: "linux/arm64" as const }],
      [tree, arg],
    ].map(transitiveHash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

test("inputs are sorted by kind, name and platform", () => {
  const arm = { ...recipe, platform: "linux/arm64" as const };
  expect(sortTagInputs([tree, arm, recipe, arg])).toEqual([arg, recipe, arm, tree]);
});
