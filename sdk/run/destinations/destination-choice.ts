import type { RunNode } from "../build/node.ts";
import type { PushOptions } from "../facade/options.ts";
import type { RunSpec } from "../facade/verbs.ts";
import { isAssigned } from "../facts/assigned-plan.ts";
import type { RegistryReach } from "../facts/registry-reach.ts";
import { collectingReceipts } from "../publishing/receipt-collection.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import { createCacheDestination } from "./cache-destination.ts";
import type { Destination } from "./destination.ts";
import { keepingImages } from "./kept-images.ts";
import { createRegistryDestination, registryOf } from "./registry-destination.ts";
import { withReleaseTags } from "./release-tags.ts";

/** Where the results of a verb go. What can be found out about the way there is found out before any work. */
export async function createDestination(
  spec: RunSpec,
  nodes: readonly RunNode[],
  { stores, reach }: { readonly stores: Stores; readonly reach: RegistryReach },
  context: RunContext,
): Promise<Destination> {
  switch (spec.verb) {
    case "build":
      return createCacheDestination(stores, context, spec.options);
    case "push": {
      const pushed = await pushDestination(spec.options, nodes, { stores, reach }, context);
      return spec.receipts === undefined ? pushed : collectingReceipts(pushed, spec.receipts, stores, context);
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

async function pushDestination(
  options: PushOptions,
  nodes: readonly RunNode[],
  { stores, reach }: { readonly stores: Stores; readonly reach: RegistryReach },
  context: RunContext,
): Promise<Destination> {
  const { release, archTags = true, keep = false } = options;
  await Promise.all(nodes.filter(isAssigned).map((node) => reach(node.engine, registryOf(node))));
  const pushed = createRegistryDestination(stores, reach, context, options);
  const kept = keep ? keepingImages(pushed, createCacheDestination(stores, context, options)) : pushed;
  return release === undefined ? kept : withReleaseTags(kept, { release, archTags }, stores, context);
}
