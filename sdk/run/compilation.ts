import type { Abortable } from "../core/abort.ts";
import { PlanError } from "../core/errors.ts";
import { type Platform, type PlatformText, parsePlatform } from "../core/platform.ts";
import { LlbDefinition } from "../llb/llb-definition.ts";
import { lowerStep } from "../lower/lowering.ts";
import type { SolveRequest } from "../lower/solve-request.ts";
import { selectPlatforms } from "../plan/preflight.ts";
import type { LlbOptions } from "./facade/options.ts";
import { type PackageSpec, setOf } from "./facade/package-spec.ts";
import { createStep } from "./facts/build-steps.ts";
import { resolveBuildArgs } from "./tagging/build-arg-sources.ts";
import { withPackageReferences } from "./tagging/package-references.ts";
import { type TaggedPackage, tagPackageSet } from "./tagging/tagging.ts";

/** A package with all that its steps for one platform need besides an engine. */
export interface CompilablePackage {
  readonly tagged: TaggedPackage;
  readonly platform: Platform;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/** The request for a platform as an engine of that platform would get it. */
export async function compilePackage(spec: PackageSpec, text: PlatformText): Promise<SolveRequest> {
  return await withoutEngine(await compilable(spec, text), {});
}

/**
 * The graph of a package for a platform.
 *
 * @throws PlanError `PLAN_RECIPE_INVALID` for a package that has no recipe, where no engine is named
 */
export async function compileDefinition(
  spec: PackageSpec,
  text: PlatformText,
  options: LlbOptions,
): Promise<LlbDefinition> {
  const { engine, signal } = options;
  const compiled = await compilable(spec, text, { signal });
  if (engine !== undefined) {
    const { compileOnEngine } = await import("./engine-compilation.ts");
    return new LlbDefinition(await compileOnEngine(compiled, engine, { signal }));
  }
  const { input, title } = await withoutEngine(compiled, { signal });
  if (input.kind === "definition") return new LlbDefinition(input.definition);
  throw new PlanError(
    "PLAN_RECIPE_INVALID",
    `${title} is built from a Dockerfile, which only an engine can turn into LLB`,
    {
      hint: "Name the engine with toLLB(platform, { engine }), or see what its frontend is given with toSolveRequest().",
    },
  );
}

/** A package as an engine would need it. Default platform: the first that is asked for, or that it builds. */
export async function compilable(
  spec: PackageSpec,
  text?: PlatformText,
  options: Abortable = {},
): Promise<CompilablePackage> {
  const [tagged] = await tagPackageSet(setOf(spec), options);
  if (!tagged) throw new PlanError("PLAN_PLATFORM_UNSUPPORTED", "there is no package to compile");
  const asked = text === undefined ? spec.overrides.platforms : [text];
  const [platform] = selectPlatforms(tagged.package, asked?.map(parsePlatform));
  if (!platform) throw new PlanError("PLAN_PLATFORM_UNSUPPORTED", `${tagged.name} builds for no platform`);
  return { tagged, platform, buildArgs: await resolveBuildArgs(tagged.package, options) };
}

async function withoutEngine(
  { tagged, platform, buildArgs }: CompilablePackage,
  options: Abortable,
): Promise<SolveRequest> {
  const step = createStep(tagged, buildArgs, { platform, buildPlatform: platform, sandboxNetwork: "sandbox" });
  return lowerStep(await withPackageReferences(step, options));
}
