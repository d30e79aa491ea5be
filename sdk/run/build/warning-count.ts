import type { NodeName } from "../../progress/event.ts";
import { formatNode } from "../../progress/run-state.ts";
import type { RunContext } from "../run.ts";

/** How often the builds of a run warned of something. */
export interface WarningCount {
  /** Tells events on. */
  readonly emit: RunContext["emit"];
  of(node: NodeName): number;
}

/** Counts warnings among the events that are told through it. */
export function countWarnings(emit: RunContext["emit"]): WarningCount {
  const counts = new Map<string, number>();
  return {
    emit: (event) => {
      if (event.type === "build.warning") {
        const node = formatNode(event.node);
        counts.set(node, (counts.get(node) ?? 0) + 1);
      }
      emit(event);
    },
    of: (node) => counts.get(formatNode(node)) ?? 0,
  };
}
