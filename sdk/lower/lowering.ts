import type { ResolvedImages } from "../llb/index.ts";
import type { BuildStep } from "./build-step.ts";
import { lowerDockerfile } from "./dockerfile.ts";
import { callRecipe, lowerRecipe } from "./recipe.ts";
import type { SolveRequest } from "./solve-request.ts";

/** Turns a step into the request that an engine gets. Base images of a recipe are resolved as far as they are given. */
export function lowerStep(step: BuildStep, images: ResolvedImages = new Map()): SolveRequest {
  const { source } = step.package;
  if (source.kind === "dockerfile") return lowerDockerfile(step, source);
  return lowerRecipe(step, callRecipe(step, source), images);
}
