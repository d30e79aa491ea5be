import type { Abortable } from "../core/abort.ts";
import { BuildError } from "../core/errors.ts";
import { formatPlatform } from "../core/platform.ts";
import type { BuildJob } from "../engine/engine.ts";
import {
  type BaseImage,
  baseImages,
  checkRequirements,
  type ResolvedImage,
  type ResolvedImages,
} from "../llb/index.ts";
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
  const images = baseImages(state, { platform: step.platform });
  const resolved = await Promise.all(
    images.map(async (image): Promise<readonly [string, ResolvedImage]> => {
      const { config, digest } = await job
        .resolveImage(image.reference, image.platform, { signal, resolveMode: image.resolveMode })
        .catch((error: unknown) => unresolved(image, error));
      return [image.key, { config: JSON.parse(Buffer.from(config).toString("utf8")), digest }];
    }),
  );
  return new Map(resolved);
}

/** The engine knows no line of the script: it was asked for the image's config, not for a step. */
function unresolved({ reference, platform, location }: BaseImage, error: unknown): never {
  if (!(error instanceof BuildError) || error.code === "BUILD_CANCELED") throw error;
  const name = `${reference} for ${formatPlatform(platform)}`;
  throw new BuildError("BUILD_FAILED", `the engine cannot resolve ${name}: ${plainMessage(error)}`, {
    cause: error,
    ...(location === undefined ? {} : { location }),
    hint: "Look whether the image is there for this platform, and whether the engine reaches its registry.",
    details: { image: reference },
  });
}

function plainMessage({ message, code }: BuildError): string {
  return message.replace(`[${code}] `, "");
}
