import type { Abortable } from "../../core/abort.ts";
import { BuildError } from "../../core/errors.ts";
import { formatPlatform } from "../../core/platform.ts";
import type { OpenJob } from "../../engine/engine.ts";
import {
  type BaseImage,
  baseImages,
  checkRequirements,
  type Definition,
  type KnownBases,
  type ResolvedImage,
  type ResolvedImages,
} from "../../llb/index.ts";
import type { BuildStep, RecipeState } from "../../lower/build-step.ts";
import { callStep, lowerStep } from "../../lower/lowering.ts";
import type { SolveRequest } from "../../lower/solve-request.ts";
import { resolveFrontends } from "../dependencies/frontend-states.ts";
import { describeEngine } from "../engines/engine-description.ts";
import type { PooledEngine } from "../engines/engine-pool.ts";
import { withScriptTexts } from "./script-texts.ts";

/** An open job and the engine that it is on. */
export interface JobOnEngine {
  readonly job: OpenJob;
  readonly engine: PooledEngine;
}

/**
 * What the engine is asked to solve. A recipe's processes inherit from base images, whose configs only the engine can
 * tell; and what the engine cannot do is refused here, before any work.
 *
 * @throws GraphError `LLB_CAP_MISSING`, `LLB_TOO_LARGE`; BuildError where an image or a frontend cannot be resolved
 */
export async function solveInput(
  step: BuildStep,
  { job, engine }: JobOnEngine,
  options: Abortable,
): Promise<SolveRequest["input"]> {
  const { directory } = step.package;
  const called = callStep(step);
  const known = called.made === undefined ? {} : await resolveRecipe(called, called.made, job, options);
  const { input } = lowerStep(called, known);
  const checked = async (graph: Definition): Promise<Definition> => {
    const definition = await withScriptTexts(graph, directory);
    const capabilities = await job.capabilities();
    checkRequirements(definition, { engine: describeEngine(engine), capabilities, sourceRoot: directory });
    return definition;
  };
  if (input.kind === "frontend") {
    const inputs = Object.entries(input.inputs ?? {}).map(async ([name, one]) => [name, await checked(one)] as const);
    return inputs.length === 0 ? input : { ...input, inputs: Object.fromEntries(await Promise.all(inputs)) };
  }
  const { definition, attestations } = input;
  if (attestations === undefined) return { ...input, definition: await checked(definition) };
  const attested = attestations.map(async (one) => ({ ...one, definition: await checked(one.definition) }));
  return { ...input, definition: await checked(definition), attestations: await Promise.all(attested) };
}

/** What a recipe builds on, as the engine tells it. */
async function resolveRecipe(
  step: BuildStep,
  made: RecipeState,
  job: OpenJob,
  options: Abortable,
): Promise<KnownBases> {
  const images = await resolveBaseImages(step, made, job, options);
  const states = await resolveFrontends(step, made, { images, states: step.packages }, job, options);
  return { images, states };
}

async function resolveBaseImages(
  step: BuildStep,
  { roots }: RecipeState,
  job: OpenJob,
  { signal }: Abortable,
): Promise<ResolvedImages> {
  const images = baseImages(roots, { platform: step.platform });
  const resolved = await Promise.all(
    images.map(async (image): Promise<readonly [string, ResolvedImage]> => {
      const { config, digest } = await job
        .resolveImage(image.reference, image.platform, { signal, resolveMode: image.resolveMode })
        .catch((error: unknown) => unresolved(image, error));
      return [image.key, { config: JSON.parse(Buffer.from(config).toString("utf8")), digest }];
    }),
  );
  return new Map(resolved);
}

/** The engine knows no line of the script: it was asked for the image's config, not for a step. */
function unresolved({ reference, platform, location }: BaseImage, error: unknown): never {
  if (!(error instanceof BuildError) || error.code === "BUILD_CANCELED") throw error;
  const name = `${reference} for ${formatPlatform(platform)}`;
  throw new BuildError("BUILD_FAILED", `the engine cannot resolve ${name}: ${plainMessage(error)}`, {
    cause: error,
    ...(location === undefined ? {} : { location }),
    hint: "Look whether the image is there for this platform, and whether the engine reaches its registry.",
    details: { image: reference },
  });
}

function plainMessage({ message, code }: BuildError): string {
  return message.replace(`[${code}] `, "");
}
