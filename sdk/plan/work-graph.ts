import { PlanError } from "../core/errors.ts";

/** A piece of work, and what must be done before it. */
export interface WorkItem {
  readonly id: string;
  /** For people, in errors. */
  readonly title: string;
  /** Ids of other items; what is not among the items is not waited for. */
  readonly needs: readonly string[];
}

/**
 * How long a way lies ahead of each item: itself, and the longest chain of items that wait for it. Whoever starts the
 * longest first ends first.
 *
 * @throws PlanError `PLAN_CYCLE`, which names the chain
 * @example
 * ```ts
 * stepsAhead([item("base"), item("tools", "base"), item("app", "tools")]).get("base"); // 3
 * ```
 */
export function stepsAhead(items: readonly WorkItem[]): ReadonlyMap<string, number> {
  const byId = new Map(items.map((item) => [item.id, item]));
  const needs = new Map(items.map(({ id, needs }) => [id, [...new Set(needs)].filter((need) => byId.has(need))]));
  const dependents = new Map<string, number>();
  for (const need of [...needs.values()].flat()) dependents.set(need, (dependents.get(need) ?? 0) + 1);
  const ahead = new Map(items.map(({ id }) => [id, 1]));
  const ready = items.filter(({ id }) => !dependents.has(id)).map(({ id }) => id);
  let done = 0;
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    done += 1;
    const way = ahead.get(id) ?? 1;
    for (const need of needs.get(id) ?? []) {
      ahead.set(need, Math.max(ahead.get(need) ?? 1, way + 1));
      const left = (dependents.get(need) ?? 1) - 1;
      dependents.set(need, left);
      if (left === 0) ready.push(need);
    }
  }
  if (done < byId.size) throw cycle(byId, needs);
  return ahead;
}

function cycle(byId: ReadonlyMap<string, WorkItem>, needs: ReadonlyMap<string, readonly string[]>): PlanError {
  const names = findCircle(needs).map((id) => byId.get(id)?.title ?? id);
  return new PlanError("PLAN_CYCLE", `packages depend on each other in a circle: ${names.join(" → ")}`, {
    hint: "Take one of these dependencies out, or move what both need into a package of its own.",
    details: { chain: names },
  });
}

/** Goes down every way once; one that comes back to where it is still going down from is a circle. */
function findCircle(needs: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const seen = new Set<string>();
  const onPath = new Set<string>();
  for (const start of needs.keys()) {
    const path: { readonly id: string; readonly rest: Iterator<string> }[] = [];
    for (let at: string | undefined = start; at !== undefined; ) {
      if (onPath.has(at)) return [...[...onPath].slice([...onPath].indexOf(at)), at];
      if (!seen.has(at)) path.push({ id: at, rest: (needs.get(at) ?? []).values() });
      if (!seen.has(at)) onPath.add(at);
      seen.add(at);
      at = undefined;
      for (let last = path.at(-1); last !== undefined && at === undefined; last = path.at(-1)) {
        at = last.rest.next().value;
        if (at === undefined) onPath.delete(path.pop()?.id ?? "");
      }
    }
  }
  return [];
}
