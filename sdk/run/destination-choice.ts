import { isAssigned } from "./assigned-plan.ts";
import { createCacheDestination } from "./cache-destination.ts";
import type { Destination } from "./destination.ts";
import type { RunNode } from "./node.ts";
import { createRegistryDestination, registryOf } from "./registry-destination.ts";
import { createRegistryReach } from "./registry-reach.ts";
import type { RunContext } from "./run.ts";
import type { Stores } from "./stores.ts";
import type { RunSpec } from "./verbs.ts";

/** Where the results of a verb go. What can be found out about the way there is found out before any work. */
export async function createDestination(
  spec: RunSpec,
  nodes: readonly RunNode[],
  stores: Stores,
  context: RunContext,
): Promise<Destination> {
  switch (spec.verb) {
    case "build":
      return createCacheDestination(stores, context);
    case "push": {
      const reach = createRegistryReach(context);
      await Promise.all(nodes.filter(isAssigned).map((node) => reach(node.engine, registryOf(node))));
      return createRegistryDestination(stores, reach, context);
    }
    case "load": {
      const { createDockerDestination } = await import("./docker-destination.ts");
      return createDockerDestination(stores, context);
    }
    case "export": {
      const { createFileDestination } = await import("./file-destination.ts");
      return createFileDestination(spec.options, stores, context);
    }
  }
}
