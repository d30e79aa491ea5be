import { formatPlatform } from "../../core/platform.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import type { ExtraSource } from "../../pkg/package.ts";
import type { CachedBases } from "../facade/options.ts";
import type { AssignedNode } from "../facts/assigned-plan.ts";
import type { Stores } from "../stores.ts";
import { onlyTagged } from "../tagging/tagging.ts";
import { type BaseImage, baseContexts } from "./base-contexts.ts";
import {
  CACHE_STORE,
  contextLayouts,
  type DependencyBuilds,
  dependencyContexts,
  withContexts,
} from "./dependency-builds.ts";
import { savedImages } from "./depends-images.ts";
import { type PreparedRecipe, prepareRecipe } from "./recipe-packages.ts";

/** What a node's build takes from elsewhere. */
export interface NodeIngredients {
  /** Where its Dockerfile's base images and named contexts lie, by name. */
  readonly contexts: Readonly<Record<string, string>>;
  readonly recipe: PreparedRecipe;
  /** Archives of the images that its package wants in its context. */
  readonly archives: readonly ExtraSource[];
}

/** Gets what a node's build needs of other packages, by building them where they have to be. */
export async function gatherIngredients(
  node: AssignedNode,
  bases: readonly BaseImage[],
  given: { readonly stores: Stores; readonly dependencies: DependencyBuilds; readonly cachedBases?: CachedBases },
  signal: AbortSignal,
): Promise<NodeIngredients> {
  const { stores } = given;
  const { spec } = node.tagged;
  const made = bases.filter((base) => base.made !== undefined);
  // Of a package that was given as a context it is not enough that its tag is in the cache.
  const isDependency = ({ image, made }: BaseImage) => made === undefined && (image.name ?? "") in spec.contextPackages;
  const known = await baseContexts(
    bases.filter((base) => !isDependency(base)),
    stores,
    { signal, pull: given.cachedBases === "pull" },
  );
  const dependencies = withMade(given.dependencies, made, stores, signal);
  const contexts = await dependencyContexts(spec, node.platform, dependencies, known);
  const recipe = await prepareRecipe(node.step, spec, dependencies, stores);
  return { contexts, recipe, archives: await savedImages(node.tagged.package, node.platform, stores, signal) };
}

/** The step with its ingredients in place. */
export function stepWith(node: AssignedNode, { contexts, recipe, archives }: NodeIngredients): BuildStep {
  const { step } = node;
  const { extraSources } = step.package;
  const supplied = { ...step, package: { ...step.package, extraSources: [...extraSources, ...archives] } };
  return { ...withContexts(supplied, contexts), ...recipe };
}

/** The OCI layouts that hold ingredients. */
export async function ingredientLayouts(
  { contexts, recipe }: NodeIngredients,
  stores: Pick<Stores, "cache">,
): Promise<ReadonlyMap<string, string>> {
  if (recipe.packages === undefined) return await contextLayouts(contexts, stores);
  return new Map([[CACHE_STORE, (await stores.cache()).directory]]);
}

/** What the run has made itself need not be built again, if it lies where dependencies do: in the cache. */
function withMade(
  dependencies: DependencyBuilds,
  made: readonly BaseImage[],
  { cache }: Stores,
  signal: AbortSignal,
): DependencyBuilds {
  if (made.length === 0) return dependencies;
  return async (spec, platform, dependent) => {
    const { canonicalReference } = await onlyTagged(spec, { signal });
    const image = made.find(
      (base) =>
        base.image.reference === canonicalReference && formatPlatform(base.image.platform) === formatPlatform(platform),
    )?.made?.descriptor;
    const isCached = image && (await (await cache()).findMissing(image, { signal })).length === 0;
    return isCached ? image.digest : await dependencies(spec, platform, dependent);
  };
}
