import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { EngineError, isKitsmithError, PlanError } from "../../core/errors.ts";
import type { PlatformText } from "../../core/platform.ts";
import { resolveSourcePath } from "../../core/source-path.ts";
import { compilable } from "../compilation.ts";
import { type CompilationJob, withCompilationJob } from "../engine-compilation.ts";
import type { PackageSpec } from "../facade/package-spec.ts";
import { type FrontendAnswer, parseAnswer } from "./answer.ts";

/** What a frontend can be asked of a Dockerfile besides building it. */
export type FrontendQuestion = "lint" | "outline" | "targets";

/** Options of `lint()`, `outline()` and `targets()`. */
export interface QuestionOptions extends Abortable {
  /** As for which platform it is built. Default: the first that is asked for, or that the package builds. */
  readonly platform?: PlatformText;
}

const CAPABILITY = "moby.buildkit.frontend.subrequests";
const UNSUPPORTED = /unsupported (?:request|frontend capability|subrequest)|unknown request/i;

/**
 * Asks the frontend that would build a package. Nothing of it is built.
 *
 * @throws PlanError `PLAN_RECIPE_INVALID` for a recipe; EngineError `ENGINE_FEATURE_MISSING` for a frontend that knows
 * no such question; InputError; BuildError
 */
export async function askFrontend(
  spec: PackageSpec,
  question: FrontendQuestion,
  { platform, signal }: QuestionOptions,
): Promise<FrontendAnswer> {
  const compiled = await compilable(spec, platform, { signal });
  const { name, package: pkg } = compiled.tagged;
  const { source, directory } = pkg;
  if (source.kind === "recipe") {
    throw new PlanError("PLAN_RECIPE_INVALID", `${name} is a recipe: it has no Dockerfile that a frontend could read`);
  }
  const text = await withCompilationJob(compiled, spec.engines, { signal }, (job, options) =>
    askInJob(job, question, options),
  );
  return {
    value: parseAnswer(text),
    file: join(directory, source.dockerfile),
    resolve: (file) => resolveSourcePath(file, directory),
  };
}

async function askInJob({ job, input }: CompilationJob, question: FrontendQuestion, options: Abortable) {
  if (input.kind === "definition") throw unsupported(question);
  const capabilities = [input.options["frontend.caps"], CAPABILITY].filter((one) => one !== undefined);
  const asked = { ...input.options, requestid: `frontend.${question}`, "frontend.caps": capabilities.join(",") };
  const { metadata } = await job
    .solve({ input: { ...input, options: asked } }, options)
    .catch((error: unknown): never => {
      const isUnsupported = isKitsmithError(error) && UNSUPPORTED.test(error.message);
      throw isUnsupported ? unsupported(question, error) : error;
    });
  const answer = metadata["result.json"];
  if (answer === undefined) throw unsupported(question);
  return Buffer.from(answer).toString("utf8");
}

function unsupported(question: FrontendQuestion, cause?: unknown): EngineError {
  return new EngineError("ENGINE_FEATURE_MISSING", `the frontend cannot be asked for frontend.${question}`, {
    cause,
    hint: "The engine's own frontend for Dockerfiles can, since BuildKit 0.11; lint since 0.14.",
  });
}
