import type { Abortable } from "../core/abort.ts";
import type { BuildJob } from "../engine/engine.ts";
import { baseImages, checkRequirements, type ResolvedImage, type ResolvedImages } from "../llb/index.ts";
import type { BuildStep } from "../lower/build-step.ts";
import { callRecipe, lowerRecipe, type RecipeState } from "../lower/recipe.ts";
import type { SolveRequest } from "../lower/solve-request.ts";
import { describeEngine } from "./engine-description.ts";
import type { PooledEngine } from "./engine-pool.ts";
import { withScriptTexts } from "./script-texts.ts";

/** An open job and the engine that it is on. */
export interface JobOnEngine {
  readonly job: BuildJob;
  readonly engine: PooledEngine;
}

/**
 * What the engine is asked to solve. A recipe's processes inherit from base images, whose configs only the engine can
 * tell; and what the engine cannot do is refused here, before any work.
 *
 * @throws GraphError `LLB_CAP_MISSING`, `LLB_TOO_LARGE`
 */
export async function solveInput(
  step: BuildStep,
  request: SolveRequest,
  { job, engine }: JobOnEngine,
  options: Abortable,
): Promise<SolveRequest["input"]> {
  const { directory, source } = step.package;
  if (source.kind !== "recipe") return request.input;
  const recipe = callRecipe(step, source);
  const { input } = lowerRecipe(step, recipe, await resolveBaseImages(step, recipe, job, options));
  if (input.kind !== "definition") return input;
  const definition = await withScriptTexts(input.definition, directory);
  const { capabilities } = job;
  checkRequirements(definition, { engine: describeEngine(engine), capabilities, sourceRoot: directory });
  return { ...input, definition };
}

async function resolveBaseImages(
  step: BuildStep,
  { state }: RecipeState,
  job: BuildJob,
  { signal }: Abortable,
): Promise<ResolvedImages> {
  const resolved = await Promise.all(
    baseImages(state, { platform: step.platform }).map(
      async ({ key, reference, platform }): Promise<readonly [string, ResolvedImage]> => {
        const { config, digest } = await job.resolveImage(reference, platform, signal === undefined ? {} : { signal });
        return [key, { config: JSON.parse(Buffer.from(config).toString("utf8")), digest }];
      },
    ),
  );
  return new Map(resolved);
}
