import { check, constant, integer, property, tuple, uniqueArray } from "fast-check";
import { describe, expect, it } from "vitest";
import { isKitsmithError } from "../../../sdk/core/errors.ts";
import { stepsAhead, type WorkItem } from "../../../sdk/plan/work-graph.ts";

const item = (id: string, ...needs: readonly string[]): WorkItem => ({ id, title: `package ${id}`, needs });

describe("stepsAhead", () => {
  it("counts the longest chain that waits for an item, itself with it", () => {
    const ahead = stepsAhead([item("app", "tools", "base"), item("tools", "base"), item("base"), item("other")]);
    expect(Object.fromEntries(ahead)).toEqual({ app: 1, tools: 2, base: 3, other: 1 });
  });

  it("does not wait for what is not among the items, and counts a need that is named twice once", () => {
    expect(Object.fromEntries(stepsAhead([item("app", "gone", "base", "base"), item("base")]))).toEqual({
      app: 1,
      base: 2,
    });
  });

  it.each([
    ["an item that needs itself", [item("a", "a")], ["package a", "package a"]],
    ["two that need each other", [item("a", "b"), item("b", "a")], ["package a", "package b", "package a"]],
    [
      "a circle behind a chain",
      [item("start", "a"), item("a", "b"), item("b", "c"), item("c", "a"), item("leaf")],
      ["package a", "package b", "package c", "package a"],
    ],
    [
      "a circle whose members need others first",
      [item("base"), item("a", "base", "b"), item("b", "base", "a")],
      ["package a", "package b", "package a"],
    ],
  ])("names the chain of %s", (_, items, chain) => {
    const thrown = thrownBy(() => stepsAhead(items));
    expect(isKitsmithError(thrown) && [thrown.code, thrown.details.chain]).toEqual(["PLAN_CYCLE", chain]);
  });

  it("gives every item more than each that waits for it, in any graph without circles", () => {
    const graph = integer({ min: 1, max: 30 }).chain((size) =>
      tuple(
        ...Array.from({ length: size }, (_, index) =>
          index === 0 ? constant<number[]>([]) : uniqueArray(integer({ min: 0, max: index - 1 }), { maxLength: 4 }),
        ),
      ),
    );
    const outcome = check(
      property(graph, (needs) => {
        const items = needs.map((list, index) => item(`${index}`, ...list.map(String)));
        const ahead = stepsAhead([...items].reverse());
        for (const { id, needs: list } of items)
          for (const need of list) expect(ahead.get(need)).toBeGreaterThan(ahead.get(id) ?? 0);
      }),
    );
    expect(outcome.failed, JSON.stringify(outcome.counterexample)).toBe(false);
  });

  it("goes a chain of 100,000 without running out of stack", () => {
    const items = Array.from({ length: 100_000 }, (_, index) => item(`${index}`, `${index - 1}`));
    expect(stepsAhead(items).get("0")).toBe(100_000);
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
