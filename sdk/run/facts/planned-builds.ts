import { formatPlatform, type PlatformText, parsePlatform } from "../../core/platform.ts";
import { createPlan } from "../../plan/decision.ts";
import { joinNodes } from "../build/node.ts";
import type { BuildOptions } from "../facade/options.ts";
import type { PackageSetSpec } from "../facade/package-spec.ts";
import { createStores } from "../stores.ts";
import { tagPackageSet } from "../tagging/tagging.ts";
import { createStep } from "./build-steps.ts";
import { gatherFacts } from "./package-facts.ts";
import { isPrepared, type PreparedNode, prepareBuilds } from "./prepared-builds.ts";

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

/** What `build()` would do. */
export interface BuildsPlan {
  readonly builds: readonly PlannedBuild[];
  /** References of packages that are built for no platform at all. */
  readonly skipped: readonly string[];
}

/** What a build would do, found out without an engine. */
export async function planBuilds(set: PackageSetSpec, options: BuildOptions = {}): Promise<BuildsPlan> {
  const signal = options.signal ?? new AbortController().signal;
  await using stores = createStores({ ...options, signal });
  const packages = await tagPackageSet(set, { signal });
  const force = options.force ?? false;
  const facts = await gatherFacts(packages, stores, { signal, force, client: stores.registry });
  const plan = createPlan(facts, { verb: "build", force, pull: options.pull ?? true });
  const nodes = await prepareBuilds(joinNodes(plan, packages, facts), { signal });
  return Object.freeze({
    builds: nodes.filter(isPrepared).map(describeBuild),
    skipped: packages.filter((_, index) => facts[index]?.platforms.length === 0).map((tagged) => tagged.shortReference),
  });
}

function describeBuild({ tagged, plan, buildArgs: userArgs }: PreparedNode): PlannedBuild {
  const { directory, source, network } = tagged.package;
  const platform = parsePlatform(plan.platform);
  const place = { platform, buildPlatform: platform, sandboxNetwork: "sandbox" } as const;
  const { buildArgs, labels } = createStep(tagged, userArgs, place);
  return Object.freeze({
    ...{ reference: plan.reference, platform: formatPlatform(platform), directory, buildArgs, labels, network },
    ...(source.kind === "dockerfile" ? { dockerfile: source.dockerfile } : {}),
  });
}
