import type { KnownBases } from "../llb/index.ts";
import type { BuildStep } from "./build-step.ts";
import { callContexts, contextInputs } from "./context-states.ts";
import { lowerDockerfile } from "./dockerfile.ts";
import { frontendLocals } from "./frontend-state.ts";
import { callRecipe, lowerRecipe, recipeJob, uniqueLocals } from "./recipe.ts";
import type { SolveRequest } from "./solve-request.ts";

/** The step with its recipe, or the contexts of its Dockerfile, called: whoever lowers it then finds the same state. */
export function callStep(step: BuildStep): BuildStep {
  const { source } = step.package;
  const made = step.made ?? (source.kind === "recipe" ? callRecipe(step, source) : callContexts(step, source));
  return made === undefined ? step : { ...step, made };
}

/**
 * Turns a step into the request that an engine gets. What a recipe builds on is resolved as far as it is known.
 *
 * @throws GraphError `LLB_UNRESOLVED` for a package of which nothing is known
 */
export function lowerStep(step: BuildStep, known: KnownBases = {}): SolveRequest {
  const { source } = step.package;
  if (source.kind === "dockerfile") {
    const { contexts = {} } = callStep(step).made ?? {};
    return lowerDockerfile(step, source, contextInputs(step, contexts, { states: step.packages, ...known }));
  }
  return lowerRecipe(step, step.made ?? callRecipe(step, source), { states: step.packages, ...known });
}

/** The request without what is solved: what a job has to be opened with. */
export function lowerJob(step: BuildStep): Omit<SolveRequest, "input"> {
  const { source } = step.package;
  if (source.kind === "dockerfile") {
    const { input: _none, ...job } = lowerDockerfile(step, source);
    const { deferred } = callStep(step).made ?? {};
    const locals = (deferred?.frontends ?? []).flatMap((vertex) => frontendLocals(step, vertex));
    return { ...job, locals: uniqueLocals([...job.locals, ...locals]) };
  }
  return recipeJob(step, step.made ?? callRecipe(step, source));
}
