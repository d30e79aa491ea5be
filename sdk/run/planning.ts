import { EngineError } from "../core/errors.ts";
import { createPlan } from "../plan/decision.ts";
import type { Plan } from "../plan/plan.ts";
import { joinNodes } from "./build/node.ts";
import { createEnginePool } from "./engines/engine-pool.ts";
import type { VerbOptions } from "./facade/options.ts";
import type { PackageSetSpec } from "./facade/package-spec.ts";
import { assignEngines, replanned } from "./facts/assigned-plan.ts";
import { gatherFacts } from "./facts/package-facts.ts";
import { prepareBuilds } from "./facts/prepared-builds.ts";
import { createStores } from "./stores.ts";
import { tagPackageSet } from "./tagging/tagging.ts";

/** What a push would do. Engines are asked only for what has to be built, and nothing is refused that push() would refuse. */
export async function planPackageSet(set: PackageSetSpec, options: VerbOptions = {}): Promise<Plan> {
  const signal = options.signal ?? new AbortController().signal;
  await using stores = createStores({ ...options, signal });
  await using pool = createEnginePool({ signal, emit: () => {} }, options.registries);
  const packages = await tagPackageSet(set, { signal });
  const facts = await gatherFacts(packages, stores, {
    signal,
    force: options.force ?? false,
    client: stores.registry,
  });
  const plan = createPlan(facts, { verb: "push", force: options.force ?? false, pull: false });
  const joined = await prepareBuilds(joinNodes(plan, packages, facts), { signal });
  const nodes = await assignEngines(joined, pool).catch((error: unknown) => {
    // A plan without engines still tells what would be built and why; push() itself will say what is missing.
    if (error instanceof EngineError) return joined;
    throw error;
  });
  return Object.freeze({ ...plan, packages: plan.packages.map((planned) => replanned(planned, nodes)) });
}
