import { digestOf } from "../core/digest.ts";
import { PlanError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import { formatPlatform, type Platform } from "../core/platform.ts";
import {
  type BuildResult,
  type Definition,
  deferredStates,
  imageConfig,
  type KnownBases,
  llb,
  marshal,
  type ResolvedStates,
  resultRoots,
  type State,
  type StateValue,
} from "../llb/index.ts";
import type { RecipeContextOptions, RecipeSource } from "../pkg/package.ts";
import { engineAttestOptions } from "./attestation.ts";
import type { BuildStep, RecipeState } from "./build-step.ts";
import { frontendLocals } from "./frontend-state.ts";
import { localName, packageRoot } from "./local-name.ts";
import { resultInput } from "./result-input.ts";
import type { LocalSource, SolveRequest } from "./solve-request.ts";

/**
 * Calls a recipe.
 *
 * @throws GraphError for what the recipe does wrong
 * @throws PlanError `PLAN_RECIPE_INVALID` if it gives back no state
 */
export function callRecipe(step: BuildStep, source: RecipeSource, name?: string): RecipeState {
  const root = packageRoot(step.package);
  const local: LocalSource = { name: name ?? localName("context", root), root, ignoreFiles: false };
  const given: unknown = source.recipe({
    platform: step.platform,
    buildPlatform: step.buildPlatform,
    args: step.buildArgs,
    context: (path = ".", options = {}) => contextState(local, path, options),
  });
  const result = isResult(given) ? given : isState(given) ? llb.result(given) : undefined;
  if (result === undefined) {
    throw new PlanError("PLAN_RECIPE_INVALID", `the recipe of ${step.title} gave back no state`, {
      hint: "End it with `return`, and return a state such as llb.scratch().copy(…).",
    });
  }
  const roots = resultRoots(result);
  return { state: result.state, result, roots, local, deferred: deferredStates(roots) };
}

/** The request that builds a recipe: its graph, and the config of the image that it becomes. */
export function lowerRecipe(step: BuildStep, made: RecipeState, known: KnownBases): SolveRequest {
  const config = imageConfig(made.state, { platform: step.platform, ...known });
  const graph = (state: StateValue): Definition => {
    const definition = marshalState(step, state, known);
    return step.package.disableCache ? withoutCache(definition) : definition;
  };
  return {
    ...recipeJob(step, made),
    input: resultInput(made.result, {
      platform: step.platform,
      imageConfig: withLabels(config, step.labels),
      graph,
      // What stands in the index goes there when it is written.
      levels: ["manifest"],
    }),
  };
}

function isEmpty(members: object): boolean {
  return Object.keys(members).length === 0;
}

/** A state of a recipe as graph. */
export function marshalState(step: BuildStep, state: StateValue, known: KnownBases): Definition {
  return marshal(state, {
    ...known,
    platform: step.platform,
    network: recipeNetwork(step),
    sourceRoot: step.package.directory,
    sessionId: step.sessionId,
  });
}

/** What the job has to be opened with. */
export function recipeJob(step: BuildStep, { local, deferred }: RecipeState): Omit<SolveRequest, "input"> {
  return {
    title: step.title,
    platform: step.platform,
    locals: uniqueLocals([local, ...deferred.frontends.flatMap((vertex) => frontendLocals(step, vertex))]),
    sharedKey: local.name,
    attest: engineAttestOptions(step),
    entitlements: recipeNetwork(step) === "host" ? ["network.host"] : [],
  };
}

/**
 * Calls a recipe for its {@link recipeFingerprint}: as if every engine had one platform and the directory one name, because
 * what is recorded of an image must not depend on where it is built.
 */
export function callForFingerprint(step: BuildStep, source: RecipeSource): RecipeState {
  const buildPlatform: Platform = { os: "linux", architecture: "amd64" };
  return callRecipe({ ...step, buildPlatform }, source, "context");
}

/** What a recipe comes to, as bytes; the packages that it uses by what takes their place. */
export function recipeFingerprint(
  step: BuildStep,
  { state, result: { annotations, attestations, metadata } }: Pick<RecipeState, "state" | "result">,
  states: ResolvedStates = new Map(),
): readonly string[] {
  const opsOf = (one: StateValue): readonly string[] =>
    marshal(one, { platform: step.platform, network: recipeNetwork(step), states }).ops.map(base64);
  const config = imageConfig(state, { platform: step.platform, states });
  return [
    formatPlatform(step.platform),
    JSON.stringify(config),
    ...opsOf(state),
    // What changes nothing of the image itself is still a part of what was asked for.
    ...(isEmpty({ ...annotations, ...metadata }) ? [] : [canonicalJson({ annotations, metadata })]),
    ...attestations.flatMap(({ predicate, predicateType, subjects }) => [
      canonicalJson({ path: predicate.path, predicateType, subjects }),
      ...opsOf(predicate.state),
    ]),
  ];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
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

/** Each local source once. */
export function uniqueLocals(locals: readonly LocalSource[]): readonly LocalSource[] {
  return [...new Map(locals.map((local) => [local.name, local])).values()];
}

/** What network a recipe's steps get that name none. */
export function recipeNetwork(step: BuildStep): "sandbox" | "host" | "none" {
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

function isResult(value: unknown): value is BuildResult {
  return (
    typeof value === "object" && value !== null && "attestations" in value && "state" in value && isState(value.state)
  );
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
