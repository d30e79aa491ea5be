import { digestOf } from "../core/digest.ts";
import { PlanError } from "../core/errors.ts";
import { formatPlatform, type Platform } from "../core/platform.ts";
import { type Definition, imageConfig, llb, marshal, type ResolvedImages, type State } from "../llb/index.ts";
import type { RecipeContextOptions, RecipeSource } from "../pkg/package.ts";
import type { BuildStep } from "./build-step.ts";
import { localName, packageRoot } from "./local-name.ts";
import type { LocalSource, SolveRequest } from "./solve-request.ts";

/** The state that a recipe makes for a platform, with the name under which its directory is served. */
export interface RecipeState {
  readonly state: State;
  readonly local: LocalSource;
}

/**
 * Calls a recipe.
 *
 * @throws GraphError for what the recipe does wrong
 * @throws PlanError `PLAN_RECIPE_INVALID` if it gives back no state
 */
export function callRecipe(step: BuildStep, source: RecipeSource, name?: string): RecipeState {
  const root = packageRoot(step.package);
  const local: LocalSource = { name: name ?? localName("context", root), root, ignoreFiles: false };
  const state: unknown = source.recipe({
    platform: step.platform,
    buildPlatform: step.buildPlatform,
    args: step.buildArgs,
    context: (path = ".", options = {}) => contextState(local, path, options),
  });
  if (!isState(state)) {
    throw new PlanError("PLAN_RECIPE_INVALID", `the recipe of ${step.title} gave back no state`, {
      hint: "End it with `return`, and return a state such as llb.scratch().copy(…).",
    });
  }
  return { state, local };
}

/** The request that builds a recipe: its graph, and the config of the image that it becomes. */
export function lowerRecipe(step: BuildStep, { state, local }: RecipeState, images: ResolvedImages): SolveRequest {
  const config = imageConfig(state, { platform: step.platform, images });
  const definition = marshal(state, {
    platform: step.platform,
    images,
    network: recipeNetwork(step),
    sourceRoot: step.package.directory,
  });
  return {
    title: step.title,
    platform: step.platform,
    input: {
      kind: "definition",
      definition: step.package.disableCache ? withoutCache(definition) : definition,
      imageConfig: withLabels(config, step.labels),
    },
    locals: [local],
    sharedKey: local.name,
    entitlements: recipeNetwork(step) === "host" ? ["network.host"] : [],
  };
}

/** What the recipe of a package comes to, as bytes that do not depend on where it is built or where its directory lies. */
export function recipeFingerprint(step: BuildStep, source: RecipeSource): readonly string[] {
  const buildPlatform: Platform = { os: "linux", architecture: "amd64" };
  const { state } = callRecipe({ ...step, buildPlatform }, source, "context");
  const { ops } = marshal(state, { platform: step.platform, network: recipeNetwork(step) });
  const config = imageConfig(state, { platform: step.platform });
  return [
    formatPlatform(step.platform),
    JSON.stringify(config),
    ...ops.map((op) => Buffer.from(op).toString("base64")),
  ];
}

/**
 * Every op runs again, sources are looked up again.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/cmd/buildctl/build.go
 */
function withoutCache(definition: Definition): Definition {
  const { ops, metadata } = definition;
  const digests = ops.map((op) => digestOf(op));
  return Object.freeze({
    ...definition,
    metadata: new Map(digests.map((digest) => [digest, { ...metadata.get(digest), ignoreCache: true }])),
  });
}

function recipeNetwork(step: BuildStep): "sandbox" | "host" | "none" {
  return step.package.network ? step.sandboxNetwork : "none";
}

function contextState(local: LocalSource, path: string, options: RecipeContextOptions): State {
  const whole = llb.local(local.name, {
    sharedKeyHint: local.name,
    ...(options.include ? { include: options.include } : {}),
    ...(options.exclude ? { exclude: options.exclude } : {}),
  });
  return path === "." || path === "" || path === "/" ? whole : llb.scratch().copy(whole.path(path), "/");
}

function isState(value: unknown): value is State {
  return typeof value === "object" && value !== null && "settings" in value && "output" in value;
}

function withLabels(
  config: Readonly<Record<string, unknown>>,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const run = config.config;
  const inner = typeof run === "object" && run !== null ? run : {};
  const own = "Labels" in inner && typeof inner.Labels === "object" && inner.Labels !== null ? inner.Labels : {};
  return { ...config, config: { ...inner, Labels: { ...labels, ...own } } };
}
