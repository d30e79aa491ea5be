import {
  type DeferredVertex,
  type Definition,
  deferredStates,
  imageConfig,
  type KnownBases,
  llb,
  type State,
} from "../llb/index.ts";
import type { DockerfileSource } from "../pkg/package.ts";
import type { BuildStep, RecipeState } from "./build-step.ts";
import { inputMetadata } from "./frontend-state.ts";
import { callRecipe, marshalState } from "./recipe.ts";

/** What a frontend gets of the states that a Dockerfile names: their graphs, and where it finds them. */
export interface ContextInputs {
  readonly options: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, Definition>>;
}

/**
 * Makes the states that a Dockerfile has under names; undefined if it has none.
 *
 * @throws what recipes throw
 */
export function callContexts(
  step: BuildStep,
  { contexts = {} }: DockerfileSource,
  localName?: string,
): RecipeState | undefined {
  const called = Object.entries(contexts).flatMap(([name, context]) =>
    context.kind === "recipe"
      ? [[name, callRecipe(step, { kind: "recipe", recipe: context.recipe }, localName)] as const]
      : [],
  );
  const [first] = called;
  if (first === undefined) return undefined;
  const states = Object.fromEntries(called.map(([name, { state }]) => [name, state]));
  const state = llb.dockerfile(llb.scratch(), { contexts: states });
  const { packages, frontends } = deferredStates(state);
  // It stands for the build itself, which is not a part of itself.
  const own: DeferredVertex | undefined = state.output?.vertex.kind === "deferred" ? state.output.vertex : undefined;
  return {
    state,
    result: llb.result(state),
    roots: state,
    local: first[1].local,
    deferred: { packages, frontends: frontends.filter((vertex) => vertex !== own) },
    contexts: states,
  };
}

/** The states as inputs of the frontend: of one in an image by their names, since it may look for them itself. */
export function contextInputs(
  step: BuildStep,
  contexts: Readonly<Record<string, State>>,
  known: KnownBases,
): ContextInputs {
  const { source } = step.package;
  const prefix = source.kind === "dockerfile" && source.frontend ? "" : "named-";
  const named = Object.entries(contexts).map(([name, state]) => ({
    ...{ name, key: `${prefix}${name}`, definition: marshalState(step, state, known) },
    config: imageConfig(state, { platform: step.platform, ...known }),
  }));
  return {
    options: Object.fromEntries(
      named.flatMap(({ name, key, config }) => [
        [`context:${name}`, `input:${key}`],
        [`input-metadata:${key}`, inputMetadata(config)],
      ]),
    ),
    inputs: Object.fromEntries(named.map(({ key, definition }) => [key, definition])),
  };
}
