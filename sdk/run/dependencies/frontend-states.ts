import { join, relative } from "node:path";
import { readIgnorePatterns } from "../../context/ignore-file.ts";
import type { Abortable } from "../../core/abort.ts";
import { BuildError, type SourceLocation } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { formatPlatform } from "../../core/platform.ts";
import { formatSourcePath, resolveSourcePath } from "../../core/source-path.ts";
import type { JobResult, OpenJob } from "../../engine/engine.ts";
import {
  type DeferredFrontend,
  type DeferredOf,
  type DeferredVertex,
  type Definition,
  deferredLocation,
  fromDefinition,
  imageConfig,
  type KnownBases,
  llb,
  type ResolvedState,
  type ResolvedStates,
  resolvedState,
} from "../../llb/index.ts";
import type { BuildStep, RecipeState } from "../../lower/build-step.ts";
import {
  type FrontendStateInput,
  frontendContext,
  frontendDirectory,
  lowerFrontend,
} from "../../lower/frontend-state.ts";
import { marshalState, recipeNetwork } from "../../lower/recipe.ts";

const CONFIG_KEY = "containerimage.config";

type Frontend = DeferredOf<DeferredFrontend>;

/**
 * Asks the frontends of a recipe, one after the other as one may build on another: nothing runs yet, each answers with the
 * graph that it would build.
 */
export async function resolveFrontends(
  step: BuildStep,
  { deferred }: RecipeState,
  { images, states }: KnownBases,
  job: OpenJob,
  options: Abortable,
): Promise<ResolvedStates> {
  const resolved = new Map<DeferredVertex, ResolvedState>(states);
  for (const vertex of deferred.frontends) {
    resolved.set(vertex, await resolveFrontend(step, vertex, { images, states: resolved }, job, options));
  }
  return resolved;
}

async function resolveFrontend(
  step: BuildStep,
  vertex: Frontend,
  known: KnownBases,
  job: OpenJob,
  { signal }: Abortable,
): Promise<ResolvedState> {
  const inputs = Object.entries(vertex.made.inputs).map(([name, state]): readonly [string, FrontendStateInput] => [
    name,
    {
      definition: marshalState(step, state, known),
      config: imageConfig(state, { platform: step.platform, ...known }),
    },
  ]);
  const input = lowerFrontend(
    step,
    vertex,
    { ...Object.fromEntries(inputs), ...(await contextInput(step, vertex.made)) },
    recipeNetwork(step),
  );
  const result = await job.solve({ input }, { signal }).catch((error: unknown) => refused(step, vertex, error));
  const platform = formatPlatform(vertex.constraints.platform ?? step.platform);
  const definition = (result.reference ?? result.references[platform])?.definition;
  const state = definition === undefined ? llb.scratch() : fromDefinition(withPlaces(definition, step, vertex));
  return resolvedState(state, configOf(result, platform));
}

async function contextInput(
  step: BuildStep,
  { directory, options }: DeferredFrontend,
): Promise<Readonly<Record<string, FrontendStateInput>>> {
  if (directory === undefined) return {};
  const root = { layers: [{ directory: frontendDirectory(step, directory), prefix: "" }] };
  const { filename } = options;
  const named = filename === undefined ? {} : { dockerfile: filename };
  const excludes = directory.ignoreFiles ? await readIgnorePatterns(root, named) : [];
  return { context: { definition: frontendContext(step, directory, excludes) } };
}

function configOf({ metadata }: JobResult, platform: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = metadata[CONFIG_KEY] ?? metadata[`${CONFIG_KEY}/${platform}`];
  if (bytes === undefined) return undefined;
  const config: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  return isRecord(config) ? config : undefined;
}

/** The frontend names files as they lie in its directory; here they are named as they lie in the package's. */
function withPlaces(definition: Definition, step: BuildStep, { made }: Frontend): Definition {
  const { source } = definition;
  if (source === undefined || made.directory === undefined) return definition;
  const directory = frontendDirectory(step, made.directory);
  if (relative(step.package.directory, directory) === "") return definition;
  const files = source.files.map((file) => ({
    ...file,
    filename: formatSourcePath(resolveSourcePath(file.filename, directory), step.package.directory),
  }));
  return { ...definition, source: { ...source, files } };
}

/** What the frontend has a place for is told with that; what it has none for with the line that asks for the frontend. */
function refused(step: BuildStep, vertex: Frontend, error: unknown): never {
  if (!(error instanceof BuildError) || error.code === "BUILD_CANCELED") throw error;
  const location = placeIn(step, vertex, error.location) ?? deferredLocation(vertex);
  const { frontend } = vertex.made;
  throw new BuildError("BUILD_FAILED", `${frontend} cannot be solved: ${plainMessage(error)}`, {
    cause: error,
    ...(location === undefined ? {} : { location }),
    hint: error.hint ?? "Look at what the recipe gives the frontend: its directory, options and inputs.",
    details: { frontend },
  });
}

/** A place that the engine took to lie in the package's directory, where it lies. */
function placeIn(
  step: BuildStep,
  { made }: Frontend,
  location: SourceLocation | undefined,
): SourceLocation | undefined {
  if (location === undefined || made.directory === undefined) return undefined;
  const name = relative(step.package.directory, location.file);
  return { ...location, file: join(frontendDirectory(step, made.directory), name) };
}

/** Without code and place, which are told anew. */
function plainMessage({ code, message, location }: BuildError): string {
  const place = location === undefined ? "" : `${location.file}:${location.line}: `;
  return message.replace(`[${code}] `, "").replace(place, "");
}
