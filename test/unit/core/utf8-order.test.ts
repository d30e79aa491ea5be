import fc from "fast-check";
import { expect, it } from "vitest";
import { compareUtf8 } from "../../../sdk/core/utf8-order.ts";

it("orders as the bytes do", () => {
  const text = fc.string({ unit: "binary" });
  const sameOrder = (left: string, right: string) =>
    Math.sign(compareUtf8(left, right)) === Buffer.compare(Buffer.from(left), Buffer.from(right));
  fc.assert(fc.property(text, text, sameOrder), { seed: 1, numRuns: 200 });
  expect(compareUtf8("\uFFEE", "\u{1F600}")).toBeLessThan(0);
});
