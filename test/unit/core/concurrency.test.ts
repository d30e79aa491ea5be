import { describe, expect, it } from "vitest";
import { createLimiter } from "../../../sdk/core/concurrency.ts";

describe("createLimiter", () => {
  it("runs no more than its limit at once", async () => {
    const limit = createLimiter(3);
    let running = 0;
    let most = 0;
    const task = async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => limit(task)));
    expect(most).toBe(3);
  });

  it("takes the highest priority first, and what came first among equals", async () => {
    const limit = createLimiter(1);
    const order: string[] = [];
    const add = (name: string, priority?: number) => limit(async () => void order.push(name), priority);
    await Promise.all([add("first"), add("low", -1), add("a"), add("high", 2), add("b"), add("higher", 3)]);
    expect(order).toEqual(["first", "higher", "high", "a", "b", "low"]);
  });

  it("goes on after a failure", async () => {
    const limit = createLimiter(1);
    const failing = limit(() => Promise.reject(new TypeError("as asked")));
    await expect(failing).rejects.toThrow(TypeError);
    await expect(limit(async () => "next")).resolves.toBe("next");
  });
});
