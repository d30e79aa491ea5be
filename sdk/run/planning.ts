import { EngineError } from "../core/errors.ts";
import { createPlan } from "../plan/decision.ts";
import type { Plan } from "../plan/plan.ts";
import { assignEngines, replanned } from "./assigned-plan.ts";
import { createEnginePool } from "./engine-pool.ts";
import { joinNodes } from "./node.ts";
import type { VerbOptions } from "./options.ts";
import { gatherFacts } from "./package-facts.ts";
import type { PackageSetSpec } from "./package-spec.ts";
import { prepareBuilds } from "./prepared-builds.ts";
import { createStores } from "./stores.ts";
import { tagPackageSet } from "./tagging.ts";

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
