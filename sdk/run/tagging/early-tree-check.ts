import type { NodeName, RunEvent } from "../../progress/event.ts";
import { formatNode } from "../../progress/run-state.ts";
import type { Pace } from "./pace.ts";
import type { TreeCheck } from "./tree-check.ts";

/** A check of a package's tree that begins while the engine exports what was built. */
export interface EarlyTreeCheck {
  /** Gets the events of the package's builds. */
  observe(event: RunEvent): void;
  /** The check itself, as late as it may be. */
  readonly check: TreeCheck;
}

const EXPORT = /^exporting to /;

/**
 * Looks at a tree when all builds of it export: they have all files by then, and what is left to do is the engine's. Should
 * files be sent after the look began, it does not count.
 *
 * @param builds - all that are made of the tree
 * @param pace - looks at several trees together are cheaper; whoever needs an answer does not wait for it
 */
export function createEarlyTreeCheck(check: TreeCheck, builds: readonly NodeName[], pace: Pace): EarlyTreeCheck {
  const waiting = new Set(builds.map(formatNode));
  let look: Promise<void> | undefined;
  let isDue = false;
  const begin = (): void => {
    if (!isDue) return;
    isDue = false;
    look = check();
    // It is told at the end.
    look.catch(() => undefined);
  };
  return {
    observe(event) {
      if (event.type === "context.synced") [look, isDue] = [undefined, false];
      if (event.type !== "vertex" || event.startedAt === undefined || !EXPORT.test(event.name)) return;
      waiting.delete(formatNode(event.node));
      if (waiting.size > 0 || isDue || look !== undefined) return;
      isDue = true;
      pace(begin);
    },
    check() {
      isDue = false;
      look ??= check();
      return look;
    },
  };
}
