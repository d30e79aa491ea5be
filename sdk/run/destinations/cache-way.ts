import { lazy } from "../../core/lazy.ts";
import { attestOptions } from "../../lower/attestation.ts";
import type { BuildOutput } from "../../outputs/build-output.ts";
import type { LoopbackRegistry, LoopbackRepository } from "../../outputs/loopback/loopback-registry.ts";
import type { PlannedPackage } from "../../plan/plan.ts";
import type { ImageOptions } from "../facade/options.ts";
import type { AssignedNode } from "../facts/assigned-plan.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import { imageSettings } from "./image-annotations.ts";
import { createLoopbackReach } from "./loopback-reach.ts";

const overLoopback = lazy(() => import("../../outputs/loopback/loopback-output.ts"));
const throughSession = lazy(() => import("../../outputs/cache-output.ts"));

/** Gives the way of a node's image into the cache. */
export type CacheWay = (node: AssignedNode) => Promise<BuildOutput>;

/**
 * Over the loopback where the engine reaches it, else through the session: the one is as quick as the other for small images
 * and twice as quick for large ones, and what the cache holds is not sent.
 */
export function createCacheWay(stores: Stores, context: RunContext, options: ImageOptions): CacheWay {
  const reach = createLoopbackReach(stores, context);
  const repositoryOf = repositoriesOfPackages();
  return async (node) => {
    const settings = imageSettings(node, options);
    // What is attested says what it is attested of by the name that it is pushed to.
    if (!isAttested(node) && (await reach(node.engine))) {
      const { loopbackOutput } = await overLoopback();
      const repository = repositoryOf(node.planned, await stores.loopback());
      return loopbackOutput(await stores.cache(), settings, { repository, platform: node.platform });
    }
    const { cacheOutput } = await throughSession();
    return cacheOutput(await stores.cache(), settings);
  };
}

/** Platforms of a package that are one job push to one place; where something could not be stored, the next try has another. */
function repositoriesOfPackages() {
  const opened = new Map<PlannedPackage, LoopbackRepository>();
  return (planned: PlannedPackage, registry: LoopbackRegistry): LoopbackRepository => {
    const known = opened.get(planned);
    if (known !== undefined && known.failure() === undefined) return known;
    const repository = registry.openRepository();
    opened.set(planned, repository);
    return repository;
  };
}

/** By options of the package, or by its recipe. */
function isAttested({ tagged, step }: AssignedNode): boolean {
  const asked = Object.keys(attestOptions(tagged.package.attest)).length;
  return asked + (step.made?.result.attestations.length ?? 0) > 0;
}
