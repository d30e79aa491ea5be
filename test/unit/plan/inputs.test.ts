import { describe, expect, test } from "vitest";
import { inputsDigest } from "../../../sdk/plan/inputs.ts";

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
