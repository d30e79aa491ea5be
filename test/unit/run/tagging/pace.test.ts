import { describe, expect, it, vi } from "vitest";
import { createPace } from "../../../../sdk/run/tagging/pace.ts";

describe("createPace", () => {
  it("calls at once after a pause, and gathers what comes soon after", async () => {
    vi.useFakeTimers();
    try {
      const called: string[] = [];
      const pace = createPace(100);
      const add = (name: string) => pace(() => void called.push(name));
      add("first");
      add("second");
      add("third");
      expect(called).toEqual(["first"]);
      await vi.advanceTimersByTimeAsync(100);
      expect(called).toEqual(["first", "second", "third"]);
      add("fourth");
      expect(called).toHaveLength(3);
      await vi.advanceTimersByTimeAsync(200);
      expect(called).toHaveLength(4);
      add("fifth");
      expect(called).toHaveLength(5);
    } finally {
      vi.useRealTimers();
    }
  });
});
