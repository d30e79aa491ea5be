import type { Turn } from "../../core/concurrency.ts";
import type { KitsmithError } from "../../core/errors.ts";
import { withLostBlobRetry } from "../../oci/registry/publishing/lost-blob.ts";
import { ingredientLayouts, type NodeIngredients, stepWith } from "../dependencies/node-ingredients.ts";
import type { MadeImage } from "../destinations/destination.ts";
import type { AssignedNode } from "../facts/assigned-plan.ts";
import type { RunContext } from "../run.ts";
import { buildOnEngine } from "./engine-build.ts";
import type { JobSeat } from "./joint-job.ts";
import { nodeName } from "./node.ts";
import { withAttempts } from "./node-attempts.ts";
import type { PackageWork } from "./package-work.ts";
import { stepServices } from "./step-services.ts";

/** What a build has on its engine. */
export interface BuildPlace {
  /** In a job together with other platforms, for the first attempt. Default: none. */
  readonly seat?: JobSeat | undefined;
  /** Default: nobody waits for it. */
  readonly turn?: Turn | undefined;
}

/**
 * Builds a node on its engine, more than once where that may help: what was built already comes from the engine's cache.
 */
export async function buildNode(
  node: AssignedNode,
  ingredients: NodeIngredients,
  work: PackageWork,
  { seat, turn }: BuildPlace = {},
): Promise<MadeImage | undefined> {
  const { attempts, context } = work;
  context.signal.throwIfAborted();
  const name = nodeName(node);
  context.emit({ type: "node.started", at: Date.now(), node: name, engine: node.engine.facts.address });
  let current = node;
  let place = seat;
  const attempt = (signal: AbortSignal) =>
    withLostBlobRetry(
      async () => {
        const taken = place;
        place = undefined;
        try {
          return await attemptBuild({ node: current, ingredients, seat: taken, turn }, work, { ...context, signal });
        } finally {
          taken?.leave();
        }
      },
      { signal },
    );
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

interface Attempt extends BuildPlace {
  readonly node: AssignedNode;
  readonly ingredients: NodeIngredients;
}

async function attemptBuild(
  { node, ingredients, seat, turn }: Attempt,
  work: PackageWork,
  context: RunContext,
): Promise<MadeImage | undefined> {
  const { destination, stores, redactor, cacheExports, sessions, listings } = work;
  const { engine, assignment, tagged } = node;
  const output = await destination.output(node);
  const step = stepWith(node, ingredients);
  const building = buildOnEngine(
    {
      ...{ step, engine, assignment, output, redactor, cacheExports, sessions, listings, seat, turn },
      name: nodeName(node),
      credentials: stores.credentials,
      reference: node.plan.reference,
      checks: tagged.spec.checks,
      emulation: tagged.spec.engines.emulation,
      services: stepServices(tagged, redactor),
      layouts: await ingredientLayouts(ingredients, stores),
      spec: tagged.spec,
    },
    context,
  );
  const exported = await building.catch((error: unknown) => {
    throw output.failure?.(error) ?? error;
  });
  const built = await output.complete(exported);
  if (built) await destination.settle(node, built);
  return built && { ...built, annotations: exported.annotations };
}
