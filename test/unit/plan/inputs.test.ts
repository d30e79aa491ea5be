import { describe, expect, test } from "vitest";
import { formatInputDigests, inputDigests, inputsDigest, parseInputDigests } from "../../../sdk/plan/inputs.ts";

describe("inputsDigest", () => {
  test("there is none where nothing is said", () => {
    expect(inputsDigest({ target: undefined, buildArgs: {}, labels: {} })).toBeUndefined();
  });

  test("does not depend on the order", () => {
    expect(inputsDigest({ a: { x: "1", y: "2" }, b: true })).toBe(inputsDigest({ b: true, a: { y: "2", x: "1" } }));
  });

  test("a value, also false, is an input", () => {
    expect(inputsDigest({ network: false })).toMatch(/^[0-9a-f]{64}$/);
    expect(inputsDigest({ network: false })).not.toBe(inputsDigest({ network: true }));
  });
});

describe("digests of single inputs", () => {
  const channel = (value: string) => ({ kind: "buildArg", name: "CHANNEL", value }) as const;
  const target = { kind: "setting", name: "target", value: "small" } as const;

  test("tell which input differs, and hold no value", () => {
    const one = inputDigests([channel("a-secret-value"), target], "salt");
    const other = inputDigests([target, channel("other")], "salt");
    expect(Object.keys(one).sort()).toEqual(["buildArg CHANNEL", "setting target"]);
    expect(one["setting target"]).toBe(other["setting target"]);
    expect(one["buildArg CHANNEL"]).not.toBe(other["buildArg CHANNEL"]);
    expect(formatInputDigests(one)).not.toContain("a-secret-value");
    expect(inputDigests([channel("a-secret-value")], "another")["buildArg CHANNEL"]).not.toBe(one["buildArg CHANNEL"]);
  });

  test("are read as they were written, in one order", () => {
    const one = inputDigests([channel("1"), target], "salt");
    expect(parseInputDigests(formatInputDigests(one))).toEqual(one);
    expect(formatInputDigests(one)).toBe(formatInputDigests(inputDigests([target, channel("1")], "salt")));
    for (const text of [undefined, "", "[]", "{}", "{", '{"a":1}', `"${"x".repeat(100_000)}"`]) {
      expect(parseInputDigests(text)).toBeUndefined();
    }
  });

  test("of very many are kept by kind, and compared so", () => {
    const many = Array.from(
      { length: 500 },
      (_, index) => ({ kind: "buildArg", name: `N${index}`, value: "x" }) as const,
    );
    const kept = inputDigests([...many, target], "salt");
    expect(Object.keys(kept).sort()).toEqual(["buildArg", "setting"]);
    expect(formatInputDigests(kept).length).toBeLessThan(100);
    const few = inputDigests([channel("1"), target], "salt", kept);
    expect(few.setting).toBe(kept.setting);
    expect(few.buildArg).not.toBe(kept.buildArg);
    expect(Object.keys(inputDigests(many, "salt", inputDigests([target], "salt")))).toHaveLength(500);
  });
});
