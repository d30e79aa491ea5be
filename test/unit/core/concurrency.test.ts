import { describe, expect, it } from "vitest";
import { createBatches, createLimiter } from "../../../sdk/core/concurrency.ts";

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
    const add = (name: string, priority = 0) => limit(async () => void order.push(name), { priority });
    await Promise.all([add("first"), add("low", -1), add("a"), add("high", 2), add("b"), add("higher", 3)]);
    expect(order).toEqual(["first", "higher", "high", "a", "b", "low"]);
  });

  it("gives a task as many slots as it needs, and lets nobody overtake one that waits for them", async () => {
    const limit = createLimiter(3);
    const order: string[] = [];
    const done: (() => void)[] = [];
    const add = (name: string, slots: number) => {
      const held = new Promise<void>((resolve) => done.push(resolve));
      return limit(
        async () => {
          order.push(name);
          await held;
        },
        { slots },
      );
    };
    const tasks = [add("two", 2), add("both", 2), add("one", 1), add("more than there are", 9)];
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["two"]);
    done[0]?.();
    await tasks[0];
    expect(order).toEqual(["two", "both", "one"]);
    done[1]?.();
    await tasks[1];
    expect(order).toHaveLength(3);
    done[2]?.();
    await tasks[2];
    done[3]?.();
    await tasks[3];
    expect(order).toEqual(["two", "both", "one", "more than there are"]);
  });

  it("lets others begin when a turn ends before its task", async () => {
    const limit = createLimiter(1);
    let finish = (): void => {};
    const first = limit(async (turn) => {
      expect(turn.isAwaited()).toBe(false);
      await new Promise((resolve) => setImmediate(resolve));
      expect(turn.isAwaited()).toBe(true);
      turn.end();
      turn.end();
      await new Promise<void>((resolve) => (finish = resolve));
      return "first";
    });
    expect(await Promise.all([limit(async () => "second"), limit(async () => "third")])).toEqual(["second", "third"]);
    finish();
    expect(await first).toBe("first");
  });

  it("goes on after a failure", async () => {
    const limit = createLimiter(1);
    const failing = limit(() => Promise.reject(new TypeError("as asked")));
    await expect(failing).rejects.toThrow(TypeError);
    await expect(limit(async () => "next")).resolves.toBe("next");
  });
});

describe("createBatches", () => {
  it("answers together what was asked while an answer was under way", async () => {
    const asked: (readonly number[])[] = [];
    const ask = createBatches(async (questions: readonly number[]) => {
      asked.push([...questions]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return new Map(questions.map((question) => [question, question * 10]));
    });
    const first = [ask(1), ask(2)];
    await new Promise((resolve) => setImmediate(resolve));
    const second = [ask(3), ask(4), ask(5)];
    expect(await Promise.all([...first, ...second])).toEqual([10, 20, 30, 40, 50]);
    expect(asked).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it("tells a failure to those who asked, and goes on", async () => {
    const ask = createBatches(async (questions: readonly string[]) => {
      if (questions.includes("bad")) throw new TypeError("as asked");
      return new Map(questions.map((question) => [question, "fine"]));
    });
    const bad = [ask("bad"), ask("with it")];
    await expect(Promise.all(bad)).rejects.toThrow(TypeError);
    await expect(bad[1]).rejects.toThrow(TypeError);
    await expect(ask("good")).resolves.toBe("fine");
  });
});
