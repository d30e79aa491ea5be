import type { Abortable } from "../core/abort.ts";
import { BuildError } from "../core/errors.ts";
import { isRecord } from "../core/json.ts";
import { createRedactor } from "../core/redact.ts";
import type { BuildJob } from "../engine/engine.ts";
import type { Definition } from "../llb/definition.ts";
import { checkPackageFiles } from "../loaders/package-files.ts";
import { withoutAttestations } from "../lower/attestation.ts";
import { callStep, lowerJob } from "../lower/lowering.ts";
import type { SolveRequest } from "../lower/solve-request.ts";
import { createAuthService } from "../session/auth.ts";
import { createFileSyncService } from "../session/filesync.ts";
import { solveInput } from "./build/solve-input.ts";
import { stepServices } from "./build/step-services.ts";
import type { CompilablePackage } from "./compilation.ts";
import type { RecipePackage } from "./dependencies/recipe-packages.ts";
import { createEnginePool } from "./engines/engine-pool.ts";
import { type EngineSelection, selectionOf } from "./engines/engine-selection.ts";
import type { LlbOptions } from "./facade/options.ts";
import { verifySecrets } from "./facade/secret-source.ts";
import { verifySshAgents } from "./facade/ssh-agents.ts";
import { createStep } from "./facts/build-steps.ts";
import { createStores } from "./stores.ts";
import { withPackageReferences } from "./tagging/package-references.ts";

/** What a frontend gives for a Dockerfile that makes an empty image. */
const EMPTY: Definition = Object.freeze({ ops: Object.freeze([]), metadata: new Map() });

/**
 * The graph that an engine would run: a recipe's with its base images resolved, or what the engine's frontend makes of
 * a Dockerfile. The job is closed before anything runs.
 *
 * @throws GraphError, BuildError, EngineError, InputError `INPUT_SOURCE_MISSING`
 */
export async function compileOnEngine(
  compiled: CompilablePackage,
  choice: NonNullable<LlbOptions["engine"]>,
  options: Abortable,
): Promise<Definition> {
  return await withCompilationJob(compiled, selectionOf(choice), options, async ({ job, input }, { signal }) => {
    if (input.kind === "definition") return input.definition;
    const { reference } = await job.solve({ input }, { signal });
    return reference?.definition ?? EMPTY;
  });
}

/** A job without outputs, and what would be solved in it. */
export interface CompilationJob {
  readonly job: BuildJob;
  readonly input: SolveRequest["input"];
}

/**
 * Opens a job for a package, in which nothing has to run, and closes it when `use` is done.
 *
 * @throws GraphError, BuildError, EngineError, InputError `INPUT_SOURCE_MISSING`
 */
export async function withCompilationJob<Result>(
  { tagged, platform, buildArgs }: CompilablePackage,
  engines: EngineSelection,
  { signal = new AbortController().signal }: Abortable,
  use: (compilation: CompilationJob, options: Abortable) => Promise<Result>,
): Promise<Result> {
  await checkPackageFiles(tagged.package, { signal });
  await verifySecrets(tagged.spec.secrets);
  await verifySshAgents(tagged.spec.ssh);
  await using pool = createEnginePool({ signal, emit: () => {} });
  await using stores = createStores({ signal });
  const engine = await pool.forPlatform(platform, engines);
  const { facts, sandboxNetwork } = engine;
  const buildPlatform = facts.platforms[0] ?? platform;
  const step = callStep(
    withoutAttestations(createStep(tagged, buildArgs, { platform, buildPlatform, sandboxNetwork })),
  );
  const request = lowerJob(step);
  await using job = await engine.engine.openJob({
    exporters: [],
    platforms: [platform],
    services: [
      createAuthService(stores.credentials),
      createFileSyncService(request.locals),
      ...stepServices(tagged, createRedactor()),
    ],
    sharedKey: request.sharedKey,
    sourceRoot: tagged.package.directory,
    entitlements: request.entitlements,
    signal,
  });
  const named = await withPackageReferences(step, { signal }, (reference, used) =>
    publishedConfig(job, reference, used),
  );
  return await use({ job, input: await solveInput(named, { job, engine }, { signal }) }, { signal });
}

/** Of a package that was never published nothing is known: it would be built first. */
async function publishedConfig(
  job: BuildJob,
  reference: string,
  { platform }: RecipePackage,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const { config } = await job.resolveImage(reference, platform);
    const value: unknown = JSON.parse(Buffer.from(config).toString("utf8"));
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof BuildError) return undefined;
    throw error;
  }
}
