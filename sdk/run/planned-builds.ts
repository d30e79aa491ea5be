import { formatPlatform, type PlatformText, parsePlatform } from "../core/platform.ts";
import { createPlan } from "../plan/decision.ts";
import { resolveBuildArgs } from "./build-arg-sources.ts";
import { createStep } from "./build-steps.ts";
import { joinNodes, type RunNode } from "./node.ts";
import type { BuildOptions } from "./options.ts";
import { gatherFacts } from "./package-facts.ts";
import type { PackageSetSpec } from "./package-spec.ts";
import { createStores } from "./stores.ts";
import { tagPackageSet } from "./tagging.ts";

/** One build that `build()` would do, with all that goes into it. */
export interface PlannedBuild {
  /** `name:tag-arch`, canonical. */
  readonly reference: string;
  readonly platform: PlatformText;
  /** The package's directory. */
  readonly directory: string;
  /** Relative to the directory; undefined for a recipe. */
  readonly dockerfile?: string;
  /** Preset and given ones, all resolved. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: boolean;
}

/** What a build would do, found out without an engine. */
export async function planBuilds(set: PackageSetSpec, options: BuildOptions = {}): Promise<readonly PlannedBuild[]> {
  const signal = options.signal ?? new AbortController().signal;
  await using stores = createStores({ ...options, signal });
  const packages = await tagPackageSet(set, { signal });
  const force = options.force ?? false;
  const facts = await gatherFacts(packages, stores, { signal, force, client: stores.registry });
  const plan = createPlan(facts, { verb: "build", force, pull: options.pull ?? true });
  const nodes = joinNodes(plan, packages, facts).filter((node) => node.plan.action === "build");
  return await Promise.all(nodes.map((node) => describeBuild(node, signal)));
}

async function describeBuild({ tagged, plan }: RunNode, signal: AbortSignal): Promise<PlannedBuild> {
  const { directory, source, network } = tagged.package;
  const platform = parsePlatform(plan.platform);
  const place = { platform, buildPlatform: platform, sandboxNetwork: "sandbox" } as const;
  const { buildArgs, labels } = createStep(tagged, await resolveBuildArgs(tagged.package, { signal }), place);
  return Object.freeze({
    ...{ reference: plan.reference, platform: formatPlatform(platform), directory, buildArgs, labels, network },
    ...(source.kind === "dockerfile" ? { dockerfile: source.dockerfile } : {}),
  });
}
