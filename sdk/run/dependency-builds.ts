import { settleAll } from "../core/concurrency.ts";
import type { Digest } from "../core/digest.ts";
import { isKitsmithError, PlanError } from "../core/errors.ts";
import { formatPlatform, type Platform } from "../core/platform.ts";
import type { BuildStep } from "../lower/build-step.ts";
import { createContentService } from "../session/content.ts";
import type { SessionService } from "../session/service.ts";
import { LOCAL_ENGINES } from "./engine-selection.ts";
import type { BuildOptions } from "./options.ts";
import { type PackageSpec, setOf } from "./package-spec.ts";
import type { ExportedPackage, RunResult } from "./result.ts";
import type { RunContext } from "./run.ts";
import type { Stores } from "./stores.ts";
import type { RunSpec } from "./verbs.ts";

/** The name of the cache in a build's session. */
const STORE = "cache";

/** Gets the image of a package that another one needs into the cache: by building it, if there is none. */
export type DependencyBuilds = (spec: PackageSpec, platform: Platform, dependent: PackageSpec) => Promise<Digest>;

/** Runs something from beginning to end. */
export type RunFunction = (spec: RunSpec, context: RunContext) => Promise<RunResult<ExportedPackage>>;

/** Builds each dependency once for a platform, however many packages need it. Where it names no engines, with those of the package that needs it. */
export function createDependencyBuilds(
  run: RunFunction,
  { cacheDirectory }: Pick<BuildOptions, "cacheDirectory">,
  context: RunContext,
): DependencyBuilds {
  const begun = new Map<PackageSpec, Map<string, Promise<Digest>>>();
  const options: BuildOptions = cacheDirectory === undefined ? {} : { cacheDirectory };
  return (spec, platform, dependent) => {
    const text = formatPlatform(platform);
    const byPlatform = begun.get(spec) ?? new Map<string, Promise<Digest>>();
    begun.set(spec, byPlatform);
    const engines = spec.engines === LOCAL_ENGINES ? dependent.engines : spec.engines;
    const wanted = { ...spec, engines, overrides: { ...spec.overrides, platforms: [text] } };
    const build = byPlatform.get(text) ?? buildDependency(run, wanted, options, context);
    byPlatform.set(text, build);
    return build;
  };
}

/** The images of a package's contexts that are packages, built where they have to be. */
export async function contextImages(
  spec: PackageSpec,
  platform: Platform,
  dependencies: DependencyBuilds,
): Promise<Readonly<Record<string, Digest>>> {
  const images = Object.entries(spec.contextPackages).map(
    async ([name, dependency]) => [name, await dependencies(dependency, platform, spec)] as const,
  );
  return Object.fromEntries(await settleAll(images));
}

/** The step with images in place of the packages that its contexts name: the engine gets them from the cache. */
export function withContextImages(step: BuildStep, images: Readonly<Record<string, Digest>>): BuildStep {
  const { source } = step.package;
  if (source.kind !== "dockerfile") return step;
  const contexts = Object.fromEntries(
    Object.entries(images).map(
      ([name, digest]) => [name, { kind: "url", url: `oci-layout://${STORE}@${digest}` }] as const,
    ),
  );
  return {
    ...step,
    package: { ...step.package, source: { ...source, contexts: { ...source.contexts, ...contexts } } },
  };
}

/** Serves the cache to builds that take images from it. */
export async function contextServices(
  images: Readonly<Record<string, Digest>>,
  { cache }: Pick<Stores, "cache">,
): Promise<readonly SessionService[]> {
  if (Object.keys(images).length === 0) return [];
  return [createContentService(new Map([[STORE, (await cache()).directory]]))];
}

async function buildDependency(
  run: RunFunction,
  spec: PackageSpec,
  options: BuildOptions,
  { emit, signal }: RunContext,
): Promise<Digest> {
  try {
    const { packages } = await run({ verb: "build", set: setOf(spec), options }, { signal, emit: withoutRun(emit) });
    const [image] = Object.values(packages[0]?.images ?? {});
    if (image?.digest !== undefined) return image.digest;
  } catch (error) {
    // What failed is a part of the run that needs it.
    throw isKitsmithError(error) && error.code === "RUN_FAILED" ? error.cause : error;
  }
  throw new PlanError("PLAN_PLATFORM_UNSUPPORTED", "a package that another one needs has no image for its platform");
}

/** A dependency's nodes are told as nodes of the run; its beginning, plan and end are not the run's. */
function withoutRun(emit: RunContext["emit"]): RunContext["emit"] {
  return (event) => {
    if (!["run.started", "plan.ready", "run.finished"].includes(event.type)) emit(event);
  };
}
