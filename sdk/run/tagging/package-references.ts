import type { Abortable } from "../../core/abort.ts";
import { settleAll } from "../../core/concurrency.ts";
import { type DeferredVertex, llb, type ResolvedState, resolvedState } from "../../llb/index.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import { callStep } from "../../lower/lowering.ts";
import { type RecipePackage, recipePackages } from "../dependencies/recipe-packages.ts";
import { onlyTagged } from "./tagging.ts";

/** The config of an image, where it is known. */
export type ConfigOf = (reference: string, used: RecipePackage) => Promise<ResolvedState["config"]>;

/**
 * The step with its recipe called, and with the references of packages, as they are now, in place of their images: to look
 * at, since nothing has to be built for it.
 */
export async function withPackageReferences(
  given: BuildStep,
  options: Abortable,
  configOf: ConfigOf = async () => undefined,
): Promise<BuildStep> {
  const step = callStep(given);
  const states = await settleAll(
    recipePackages(step).map(async (used): Promise<readonly [DeferredVertex, ResolvedState]> => {
      const { canonicalReference: reference } = await onlyTagged(used.spec, options);
      const image = llb.image(reference, { platform: used.platform });
      return [used.vertex, resolvedState(image, await configOf(reference, used))];
    }),
  );
  return states.length === 0 ? step : { ...step, packages: new Map(states) };
}
