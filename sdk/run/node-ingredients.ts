import type { BuildStep } from "../lower/build-step.ts";
import type { ExtraSource } from "../pkg/package.ts";
import type { AssignedNode } from "./assigned-plan.ts";
import { type BaseImage, baseContexts } from "./base-contexts.ts";
import { createStep } from "./build-steps.ts";
import {
  CACHE_STORE,
  contextLayouts,
  type DependencyBuilds,
  dependencyContexts,
  withContexts,
} from "./dependency-builds.ts";
import { savedImages } from "./depends-images.ts";
import { type PreparedRecipe, prepareRecipe } from "./recipe-packages.ts";
import type { Stores } from "./stores.ts";

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
  { stores, dependencies }: { readonly stores: Stores; readonly dependencies: DependencyBuilds },
  signal: AbortSignal,
): Promise<NodeIngredients> {
  const { spec } = node.tagged;
  const known = await baseContexts(bases, stores, signal);
  const contexts = await dependencyContexts(spec, node.platform, dependencies, known);
  const recipe = await prepareRecipe(nodeStep(node), spec, dependencies, stores);
  return { contexts, recipe, archives: await savedImages(node.tagged.package, node.platform, stores, signal) };
}

/** The step with its ingredients in place. */
export function stepWith(node: AssignedNode, { contexts, recipe, archives }: NodeIngredients): BuildStep {
  const step = nodeStep(node);
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

function nodeStep({ tagged, buildArgs, platform, assignment, engine }: AssignedNode): BuildStep {
  const { buildPlatform } = assignment;
  return createStep(tagged, buildArgs, { platform, buildPlatform, sandboxNetwork: engine.sandboxNetwork });
}
