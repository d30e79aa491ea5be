import type { NodeName, NodeOutcome, RunEvent } from "../progress/event.ts";
import type { RunContext } from "./run.ts";

/**
 * Does a run's work, and sees to it that what was told to begin is told to end, once, however it ends: also where planning
 * fails, where it is canceled, and where an image stays open.
 */
export async function withRunEnd<T>(context: RunContext, work: (context: RunContext) => Promise<T>): Promise<T> {
  const end = watchEnd();
  const emit: RunContext["emit"] = (event) => {
    end.see(event);
    context.emit(event);
  };
  const finish = (ok: boolean): void => {
    if (end.isOpen()) emit({ type: "run.finished", at: Date.now(), ok, outcomes: end.outcomes() });
  };
  try {
    const result = await work({ ...context, emit });
    finish(true);
    return result;
  } catch (error) {
    finish(false);
    throw error;
  }
}

function watchEnd() {
  let open = false;
  const planned = new Set<string>();
  const ended = new Map<string, NodeOutcome>();
  return {
    see: (event: RunEvent): void => {
      if (event.type === "run.started") open = true;
      if (event.type === "run.finished") open = false;
      if (event.type === "plan.ready") for (const node of event.nodes) planned.add(nameKey(node));
      if (event.type === "node.finished") ended.set(nameKey(event.node), event.outcome);
    },
    isOpen: () => open,
    outcomes: (): Readonly<Record<NodeOutcome, number>> => {
      const counts = { built: 0, cached: 0, published: 0, pulled: 0, failed: 0, canceled: 0, skipped: 0 };
      // What packages of the plan need is built as well, and is no part of it.
      for (const [key, outcome] of ended) if (planned.has(key)) counts[outcome] += 1;
      return counts;
    },
  };
}

function nameKey({ package: name, platform }: NodeName): string {
  return `${name} ${platform}`;
}
