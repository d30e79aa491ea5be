import { formatPlatform, type Platform, parsePlatform } from "../../core/platform.ts";
import type { PackageFacts, Plan, PlanNode, PlannedPackage, PlatformFacts } from "../../plan/plan.ts";
import type { NodeName } from "../../progress/event.ts";
import type { TaggedPackage } from "../tagging/tagging.ts";

/** A node of the plan together with the package that it is of. */
export interface RunNode {
  readonly plan: PlanNode;
  readonly planned: PlannedPackage;
  readonly tagged: TaggedPackage;
  readonly platform: Platform;
  /** Digest of the inputs that the tag does not cover. */
  readonly inputs?: string;
  /** Short digests of all of them, as text. */
  readonly inputDigests?: string;
}

/** The node's name in events. */
export function nodeName({ plan }: RunNode): NodeName {
  return { package: plan.package, platform: plan.platform };
}

/** Joins the nodes of a plan with their packages. */
export function joinNodes(
  plan: Plan,
  packages: readonly TaggedPackage[],
  facts: readonly PackageFacts[],
): readonly RunNode[] {
  return packages.flatMap((tagged, index) => {
    const planned = plan.packages[index];
    const known = new Map(facts[index]?.platforms.map((entry) => [formatPlatform(entry.platform), entry]));
    return (planned?.nodes ?? []).flatMap((node) =>
      planned ? [joinNode(node, planned, tagged, known.get(node.platform))] : [],
    );
  });
}

function joinNode(
  plan: PlanNode,
  planned: PlannedPackage,
  tagged: TaggedPackage,
  { inputs, inputDigests }: Pick<PlatformFacts, "inputs" | "inputDigests"> = {},
): RunNode {
  return {
    ...{ plan, planned, tagged, platform: parsePlatform(plan.platform) },
    ...(inputs === undefined ? {} : { inputs }),
    ...(inputDigests === undefined ? {} : { inputDigests }),
  };
}
