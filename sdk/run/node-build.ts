import type { KitsmithError } from "../core/errors.ts";
import type { BuildStep } from "../lower/build-step.ts";
import type { AttestedImage } from "../oci/model/attested-image.ts";
import { withLostBlobRetry } from "../oci/registry/lost-blob.ts";
import type { AssignedNode } from "./assigned-plan.ts";
import { type BaseImage, baseContexts } from "./base-contexts.ts";
import { createStep } from "./build-steps.ts";
import { CACHE_STORE, contextLayouts, dependencyContexts, withContexts } from "./dependency-builds.ts";
import { buildOnEngine } from "./engine-build.ts";
import { nodeName } from "./node.ts";
import { withAttempts } from "./node-attempts.ts";
import type { PackageWork } from "./package-work.ts";
import { type PreparedRecipe, prepareRecipe } from "./recipe-packages.ts";
import type { RunContext } from "./run.ts";
import { stepServices } from "./step-services.ts";
import type { Stores } from "./stores.ts";

/** What a node's build takes from elsewhere. */
export interface NodeIngredients {
  /** Where its Dockerfile's base images and named contexts lie, by name. */
  readonly contexts: Readonly<Record<string, string>>;
  readonly recipe: PreparedRecipe;
}

/** Gets what a node's build needs of other packages, by building them where they have to be. */
export async function gatherIngredients(
  node: AssignedNode,
  bases: readonly BaseImage[],
  { stores, dependencies }: Pick<PackageWork, "stores" | "dependencies">,
  signal: AbortSignal,
): Promise<NodeIngredients> {
  const { spec } = node.tagged;
  const known = await baseContexts(bases, stores, signal);
  const contexts = await dependencyContexts(spec, node.platform, dependencies, known);
  return { contexts, recipe: await prepareRecipe(nodeStep(node), spec, dependencies, stores) };
}

/** The step with its ingredients in place. */
export function stepWith(node: AssignedNode, { contexts, recipe }: NodeIngredients): BuildStep {
  return { ...withContexts(nodeStep(node), contexts), ...recipe };
}

/** The OCI layouts that hold ingredients. */
export async function ingredientLayouts(
  { contexts, recipe }: NodeIngredients,
  stores: Pick<Stores, "cache">,
): Promise<ReadonlyMap<string, string>> {
  if (recipe.packages === undefined) return await ingredientLayouts(ingredients, stores);
  return new Map([[CACHE_STORE, (await stores.cache()).directory]]);
}

function nodeStep({ tagged, buildArgs, platform, assignment, engine }: AssignedNode): BuildStep {
  const { buildPlatform } = assignment;
  return createStep(tagged, buildArgs, { platform, buildPlatform, sandboxNetwork: engine.sandboxNetwork });
}

/**
 * Builds a node on its engine, more than once where that may help: what was built already comes from the engine's cache.
 */
export async function buildNode(
  node: AssignedNode,
  ingredients: NodeIngredients,
  work: PackageWork,
): Promise<AttestedImage | undefined> {
  const { attempts, context } = work;
  context.signal.throwIfAborted();
  const name = nodeName(node);
  context.emit({ type: "node.started", at: Date.now(), node: name, engine: node.engine.facts.address });
  let current = node;
  const attempt = (signal: AbortSignal) =>
    withLostBlobRetry(() => attemptBuild(current, ingredients, work, { ...context, signal }), { signal });
  return await withAttempts(attempt, {
    ...attempts,
    signal: context.signal,
    onRetry: async (error, count) => {
      const message = `attempt ${count}, since ${error.message}`;
      context.emit({ type: "notice", at: Date.now(), level: "warning", node: name, message });
      current = await onLivingEngine(current, error, work);
    },
  });
}

/** That an engine cannot be reached any more is a consequence; that it was lost is the fault. */
async function onLivingEngine(
  node: AssignedNode,
  error: KitsmithError,
  { engines, context }: PackageWork,
): Promise<AssignedNode> {
  if (error.code !== "ENGINE_LOST") return node;
  try {
    return { ...node, engine: await engines.renew(node.engine, node.platform, node.tagged.spec.engines) };
  } catch {
    context.signal.throwIfAborted();
    throw error;
  }
}

async function attemptBuild(
  node: AssignedNode,
  ingredients: NodeIngredients,
  work: PackageWork,
  context: RunContext,
): Promise<AttestedImage | undefined> {
  const { destination, stores, redactor, cacheExports } = work;
  const { engine, assignment, tagged } = node;
  const output = await destination.output(node);
  const step = stepWith(node, ingredients);
  const exported = await buildOnEngine(
    {
      ...{ name: nodeName(node), step, engine, assignment, output, redactor, cacheExports },
      credentials: stores.credentials,
      reference: node.plan.reference,
      checks: tagged.spec.checks,
      emulation: tagged.spec.engines.emulation,
      services: stepServices(tagged.spec, redactor),
      layouts: await contextLayouts(contexts, stores),
      spec: tagged.spec,
    },
    context,
  );
  const built = await output.complete(exported);
  if (built) await destination.settle(node, built);
  return built;
}
