import { settleAll } from "../../core/concurrency.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import { stepsAhead } from "../../plan/work-graph.ts";
import type { RunNode } from "../build/node.ts";
import { isAssigned } from "../facts/assigned-plan.ts";
import { type NeededImage, neededImages } from "./needed-images.ts";

/** An image that a node needs, and the node of the same run that makes it, if one does. */
export interface NodeNeed {
  readonly image: NeededImage;
  readonly node?: RunNode;
}

/** What the nodes of a run wait for, and which of them should begin first. */
export interface NodeOrder {
  needs(node: RunNode): readonly NodeNeed[];
  /** The longer the chain of nodes that waits for it, the higher. */
  priority(node: RunNode): number;
}

/**
 * Finds out which nodes of a run need the images of others. What is there already waits for nothing.
 *
 * @throws PlanError `PLAN_CYCLE`; InputError `INPUT_SOURCE_MISSING`
 */
export async function orderNodes(nodes: readonly RunNode[], signal: AbortSignal): Promise<NodeOrder> {
  const makers = new Map(
    nodes.flatMap((node) =>
      [node.tagged.ownReference, node.planned.reference].map((reference) => [keyOf(reference, node.platform), node]),
    ),
  );
  const entries = await settleAll(
    nodes.map(async (node) => {
      const images = isAssigned(node) ? await neededImages(node, { signal }) : [];
      const needs = images.map((image): NodeNeed => {
        const maker = makers.get(keyOf(image.reference, image.platform));
        return maker === undefined ? { image } : { image, node: maker };
      });
      return [node, needs] as const;
    }),
  );
  const needs = new Map(entries);
  const ahead = stepsAhead(
    entries.map(([node, list]) => ({
      id: node.plan.reference,
      title: `${node.plan.package} ${node.plan.platform}`,
      needs: list.flatMap((need) => need.node?.plan.reference ?? []),
    })),
  );
  return {
    needs: (node) => needs.get(node) ?? [],
    priority: (node) => ahead.get(node.plan.reference) ?? 1,
  };
}

function keyOf(reference: string, platform: Platform): string {
  return `${reference} ${formatPlatform(platform)}`;
}
