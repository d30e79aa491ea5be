import { PlanError } from "../core/errors.ts";
import { type PlatformText, parsePlatform } from "../core/platform.ts";
import type { Definition } from "../llb/definition.ts";
import { lowerStep } from "../lower/lowering.ts";
import type { SolveRequest } from "../lower/solve-request.ts";
import { selectPlatforms } from "../plan/preflight.ts";
import { resolveBuildArgs } from "./build-arg-sources.ts";
import { createStep } from "./build-steps.ts";
import { type PackageSpec, setOf } from "./package-spec.ts";
import { tagPackageSet } from "./tagging.ts";

/** The request for a platform as an engine of that platform would get it. */
export async function compilePackage(spec: PackageSpec, text: PlatformText): Promise<SolveRequest> {
  const [tagged] = await tagPackageSet(setOf(spec));
  if (!tagged) throw new PlanError("PLAN_PLATFORM_UNSUPPORTED", "there is no package to compile");
  const platform = parsePlatform(text);
  selectPlatforms(tagged.package, [platform]);
  const args = await resolveBuildArgs(tagged.package);
  return lowerStep(createStep(tagged, args, { platform, buildPlatform: platform, sandboxNetwork: "sandbox" }));
}

/**
 * The graph of a recipe.
 *
 * @throws PlanError `PLAN_RECIPE_INVALID` for a package that has none
 */
export async function compileDefinition(spec: PackageSpec, text: PlatformText): Promise<Definition> {
  const { input, title } = await compilePackage(spec, text);
  if (input.kind === "definition") return input.definition;
  throw new PlanError(
    "PLAN_RECIPE_INVALID",
    `${title} is built from a Dockerfile, which only an engine can turn into LLB`,
    {
      hint: "toSolveRequest() tells what the engine's frontend is given.",
    },
  );
}
