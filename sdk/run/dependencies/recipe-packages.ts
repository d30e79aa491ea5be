import { stat } from "node:fs/promises";
import { join } from "node:path";
import { settleAll } from "../../core/concurrency.ts";
import { type Digest, digestHex } from "../../core/digest.ts";
import { InputError } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import {
  type DeferredOf,
  type DeferredPackage,
  type DeferredVertex,
  deferredLocation,
  llb,
  type ResolvedState,
  resolvedState,
} from "../../llb/index.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import { parseJsonObject } from "../../oci/model/fields.ts";
import { parseManifest } from "../../oci/model/manifest.ts";
import { isPackageSpec, type PackageSpec } from "../facade/package-spec.ts";
import type { Stores } from "../stores.ts";
import { CACHE_STORE, type DependencyBuilds } from "./dependency-builds.ts";

/** An engine wants a name with a host before the digest, and does not look at it. */
const IMAGE_NAME = "cache.local/image";

/** A package that a recipe uses, and the platform that it is wanted for. */
export interface RecipePackage {
  readonly vertex: DeferredOf<DeferredPackage>;
  readonly spec: PackageSpec;
  readonly platform: Platform;
}

/** What a step's recipe made, and what stands for the packages that it uses. */
export type PreparedRecipe = Pick<BuildStep, "made" | "packages">;

/**
 * The packages that a step's recipe uses. The step's recipe has to have been called.
 *
 * @throws InputError `INPUT_OPTION_INVALID` for something else than a package
 */
export function recipePackages(step: BuildStep): readonly RecipePackage[] {
  return (step.made?.deferred.packages ?? []).map((vertex) => {
    const spec = vertex.made.package;
    if (isPackageSpec(spec)) return { vertex, spec, platform: vertex.constraints.platform ?? step.platform };
    const location = deferredLocation(vertex);
    throw new InputError("INPUT_OPTION_INVALID", "what a recipe starts from is no package", {
      hint: "Pass what pkg(…) gives.",
      ...(location === undefined ? {} : { location }),
    });
  });
}

/**
 * Gets the packages that a step's recipe uses into the cache, from where the engine takes them: each is built first where
 * neither the cache nor the registry has it. The step's recipe has to have been called.
 */
export async function prepareRecipe(
  step: BuildStep,
  dependent: PackageSpec,
  dependencies: DependencyBuilds,
  stores: Pick<Stores, "cache">,
): Promise<PreparedRecipe> {
  const { made } = step;
  const used = recipePackages(step);
  if (made === undefined) return {};
  if (used.length === 0) return { made };
  const cache = await stores.cache();
  const states = await settleAll(
    used.map(async ({ vertex, spec, platform }): Promise<readonly [DeferredVertex, ResolvedState]> => {
      const digest = await dependencies(spec, platform, dependent);
      return [vertex, await cachedState(cache, digest, platform)];
    }),
  );
  return { made, packages: new Map(states) };
}

/** An image of the cache, as the engine gets it through the session. */
async function cachedState(cache: Cache, digest: Digest, platform: Platform): Promise<ResolvedState> {
  const state = llb.ociLayout(`${IMAGE_NAME}@${digest}`, { storeId: CACHE_STORE, platform });
  const { size } = await stat(join(cache.directory, "blobs", "sha256", digestHex(digest)));
  const { config } = parseManifest(await cache.readBlob({ digest, size }), { origin: `manifest ${digest}` });
  return resolvedState(state, parseJsonObject(await cache.readBlob(config), `config ${config.digest}`));
}
