import type { RunNode } from "../build/node.ts";
import type { EnginePool, PooledEngine } from "./engine-pool.ts";

/**
 * Begins to connect to the engines of what will be built, and to ask them something, beside what has to be known before
 * anything is built. What fails here fails again for whoever needs it.
 */
export function beginEngines(
  nodes: readonly RunNode[],
  pool: EnginePool,
  ask: (engine: PooledEngine, node: RunNode) => Promise<unknown>,
): void {
  for (const node of nodes) {
    if (node.plan.action !== "build") continue;
    const opening = pool.ahead(node.platform, node.tagged.spec.engines);
    opening?.then((engine) => ask(engine, node)).catch(() => undefined);
  }
}
