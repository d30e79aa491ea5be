import { settleAll } from "../../core/concurrency.ts";
import type { Digest } from "../../core/digest.ts";
import { isKitsmithError, PlanError } from "../../core/errors.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import { LOCAL_ENGINES } from "../engines/engine-selection.ts";
import type { BuildOptions } from "../facade/options.ts";
import { type PackageSpec, setOf } from "../facade/package-spec.ts";
import type { ExportedPackage, RunResult } from "../facade/result.ts";
import type { RunSpec } from "../facade/verbs.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";

/** The name of the cache in a build's session. */
export const CACHE_STORE = "cache";

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

/** Where the frontend finds an image that lies in the cache. */
export function cacheAddress(digest: Digest): string {
  return `oci-layout://${CACHE_STORE}@${digest}`;
}

/** Where the images of a package's contexts lie that are packages: built where they have to be. */
export async function dependencyContexts(
  spec: PackageSpec,
  platform: Platform,
  dependencies: DependencyBuilds,
  known: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const wanted = Object.entries(spec.contextPackages).filter(([name]) => !(name in known));
  const contexts = wanted.map(
    async ([name, dependency]) => [name, cacheAddress(await dependencies(dependency, platform, spec))] as const,
  );
  return { ...known, ...Object.fromEntries(await settleAll(contexts)) };
}

/** The step with addresses in place of what its Dockerfile has under these names. */
export function withContexts(step: BuildStep, addresses: Readonly<Record<string, string>>): BuildStep {
  const { source } = step.package;
  if (source.kind !== "dockerfile") return step;
  const contexts = Object.fromEntries(
    Object.entries(addresses).map(([name, url]) => [name, { kind: "url", url }] as const),
  );
  return {
    ...step,
    package: { ...step.package, source: { ...source, contexts: { ...source.contexts, ...contexts } } },
  };
}

/** The OCI layouts that a build takes images from, by name: the cache, if any of the addresses lies in it. */
export async function contextLayouts(
  addresses: Readonly<Record<string, string>>,
  { cache }: Pick<Stores, "cache">,
): Promise<ReadonlyMap<string, string>> {
  if (!Object.values(addresses).some((address) => address.startsWith(`oci-layout://${CACHE_STORE}@`))) return new Map();
  return new Map([[CACHE_STORE, (await cache()).directory]]);
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
