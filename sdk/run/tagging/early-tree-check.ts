import type { NodeName, RunEvent } from "../../progress/event.ts";
import { formatNode } from "../../progress/run-state.ts";
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
 */
export function createEarlyTreeCheck(check: TreeCheck, builds: readonly NodeName[]): EarlyTreeCheck {
  const waiting = new Set(builds.map(formatNode));
  let look: Promise<void> | undefined;
  return {
    observe(event) {
      if (event.type === "context.synced") look = undefined;
      if (event.type !== "vertex" || event.startedAt === undefined || !EXPORT.test(event.name)) return;
      waiting.delete(formatNode(event.node));
      if (waiting.size > 0 || look !== undefined) return;
      look = check();
      // It is told at the end.
      look.catch(() => undefined);
    },
    check: () => look ?? check(),
  };
}
