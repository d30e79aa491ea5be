import { relative } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { settleAll } from "../../core/concurrency.ts";
import { canonicalJson } from "../../core/json.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import {
  type DeferredVertex,
  deferredLocation,
  imageConfig,
  llb,
  type ResolvedState,
  resolvedState,
} from "../../llb/index.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import { callContexts } from "../../lower/context-states.ts";
import { frontendDirectory } from "../../lower/frontend-state.ts";
import { callForFingerprint, recipeFingerprint } from "../../lower/recipe.ts";
import { type RecipePackage, recipePackages } from "../dependencies/recipe-packages.ts";
import { directoryState } from "../facade/named-contexts.ts";
import type { PackageSpec } from "../facade/package-spec.ts";
import { createStep } from "../facts/build-steps.ts";
import type { TaggedPackage, TagOptions } from "./tagging.ts";
import { enterPackage, type UseChain } from "./use-chain.ts";

/** What goes into a platform's image by way of the package's recipe. */
export interface RecipeInputs {
  /** The graph, with packages by their references. */
  readonly recipe: readonly string[];
  /** What the packages that it uses are called now, and the digests of what their tags do not cover. */
  readonly packages: Readonly<Record<string, string>>;
  /** What lies in directories that it hands to frontends, where the package's tag does not cover them. */
  readonly directories: Readonly<Record<string, string>>;
}

/** How inputs are found out. */
export interface InputsOptions extends Abortable {
  /** What led to the package. Default nothing. */
  readonly chain?: UseChain | undefined;
  /** The tag that a package has now. */
  readonly tagOf: (spec: PackageSpec, options: TagOptions) => Promise<TaggedPackage>;
}

/** How the inputs of a recipe are found out. */
export interface RecipeInputsOptions extends InputsOptions {
  /** The digest of what goes into a package that the recipe uses, besides what its tag covers. */
  readonly inputsOf: (tagged: TaggedPackage, platform: Platform, options: InputsOptions) => Promise<string | undefined>;
}

/**
 * What a package's recipe is made from, without an engine. Undefined for a package without one.
 *
 * @throws PlanError `PLAN_CYCLE` with all the packages of the circle, and the line that closes it
 */
export async function recipeInputs(
  tagged: TaggedPackage,
  platform: Platform,
  { chain, signal, inputsOf, tagOf }: RecipeInputsOptions,
): Promise<RecipeInputs | undefined> {
  const { source, directory } = tagged.package;
  const own = fingerprintStep(tagged, platform);
  const made = source.kind === "recipe" ? callForFingerprint(own, source) : callContexts(own, source, "context");
  if (made === undefined) return undefined;
  const step = { ...own, made };
  const entered = enterPackage(tagged, platform, chain);
  const used = await settleAll(
    recipePackages(step).map(async (one) => ({
      one,
      ...(await describeUsed(one, { chain: entered, signal, inputsOf, tagOf })),
    })),
  );
  const states = new Map<DeferredVertex, ResolvedState>(
    used.map(({ one, reference }) => [one.vertex, resolvedState(llb.image(reference, { platform: one.platform }))]),
  );
  return {
    recipe: [
      ...recipeFingerprint(step, made, states),
      ...Object.values(made.contexts ?? {}).map((state) => canonicalJson(imageConfig(state, { platform, states }))),
    ],
    packages: Object.fromEntries(
      used.map(({ one, reference, inputs }) => [`${reference} ${formatPlatform(one.platform)}`, inputs]),
    ),
    directories: await frontendDirectories(step, directory, { signal }),
  };
}

/** As every machine would call it: what it resolves to must not depend on the engine, or on commits elsewhere. */
function fingerprintStep(tagged: TaggedPackage, platform: Platform): BuildStep {
  const args = Object.fromEntries(tagged.package.buildArgs.map((arg) => [arg.name, arg.value]));
  const place = { platform, buildPlatform: platform, sandboxNetwork: "sandbox" } as const;
  // The commit changes with every change elsewhere in the repository; the tag stands for the tree.
  const git = { inGit: false, extraTreeHashes: [], dirty: false };
  return createStep({ ...tagged, git }, args, place);
}

async function describeUsed(
  { spec, platform, vertex }: RecipePackage,
  { chain: entered, signal, inputsOf, tagOf }: RecipeInputsOptions,
): Promise<{ readonly reference: string; readonly inputs: string }> {
  const chain = { packages: entered?.packages ?? [], location: deferredLocation(vertex) };
  const tagged = await tagOf(spec, { signal, chain });
  return {
    reference: tagged.canonicalReference,
    inputs: (await inputsOf(tagged, platform, { signal, chain, tagOf })) ?? "",
  };
}

/** By the names that the recipe has for them. What lies in the package's own directory is covered by its tag. */
async function frontendDirectories(
  step: BuildStep,
  own: string,
  options: Abortable,
): Promise<Readonly<Record<string, string>>> {
  const directories = (step.made?.deferred.frontends ?? []).flatMap(({ made }) => made.directory ?? []);
  const outside = directories.filter((one) => relative(own, frontendDirectory(step, one)).startsWith(".."));
  const states = outside.map(
    async (one): Promise<readonly [string, string]> => [
      one.path,
      await directoryState(frontendDirectory(step, one), options),
    ],
  );
  return Object.fromEntries(await settleAll(states));
}
