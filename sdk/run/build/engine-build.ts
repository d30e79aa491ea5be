import type { Turn } from "../../core/concurrency.ts";
import type { Redactor } from "../../core/redact.ts";
import type { Shared } from "../../core/shared.ts";
import type { CredentialSource } from "../../credentials/credential-source.ts";
import type { ExportResult, JobResult } from "../../engine/engine.ts";
import { openGatewayImage } from "../../image/gateway-image.ts";
import type { Image } from "../../image/image.ts";
import type { Definition } from "../../llb/definition.ts";
import { execPlatforms } from "../../llb/exec/exec-platforms.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import { lowerJob } from "../../lower/lowering.ts";
import type { SolveRequest } from "../../lower/solve-request.ts";
import type { BuildOutput } from "../../outputs/build-output.ts";
import { assertMayRun, type EmulationPolicy, emulationRefused, isNative } from "../../plan/engine-assignment.ts";
import type { EngineAssignment } from "../../plan/plan.ts";
import type { NodeName } from "../../progress/event.ts";
import type { TreeListing } from "../../session/filesync/tree-listing.ts";
import type { SessionService } from "../../session/service.ts";
import { type BuildEvidence, createBuildEvidence } from "../build-cache/build-evidence.ts";
import { type CacheExports, finishExport } from "../build-cache/cache-exports.ts";
import { type ResolvedCaches, resolveCaches } from "../build-cache/resolved-caches.ts";
import { answeringImports } from "../build-cache/silent-stores.ts";
import type { PooledEngine } from "../engines/engine-pool.ts";
import type { PackageSpec } from "../facade/package-spec.ts";
import type { RunContext } from "../run.ts";
import { buildServices, type OpenedBuild, openBuildJob } from "./build-job.ts";
import { type Check, runChecks } from "./checks.ts";
import type { JobSeat } from "./joint-job.ts";
import { withOwnScan } from "./sbom-scan.ts";
import type { SharedSessions } from "./shared-sessions.ts";
import { solveInput } from "./solve-input.ts";
import { createStatusTranslator } from "./status-events.ts";

/** One build on one engine. */
export interface EngineBuild {
  readonly name: NodeName;
  readonly step: BuildStep;
  readonly engine: PooledEngine;
  readonly assignment: EngineAssignment;
  /** Undefined for a result that goes nowhere. */
  readonly output?: BuildOutput | undefined;
  readonly credentials: CredentialSource;
  /** Where the image will lie. */
  readonly reference: string;
  readonly checks: readonly Check[];
  readonly emulation: EmulationPolicy;
  /** What steps may ask for besides files and credentials. */
  readonly services: readonly SessionService[];
  /** OCI layouts that the build takes images from, by name. */
  readonly layouts: ReadonlyMap<string, string>;
  /** Whose caches are used. */
  readonly spec: Pick<PackageSpec, "caches" | "sharedCaches">;
  /** Takes the exports of caches that go on when the build is over. Default: none are made. */
  readonly cacheExports?: CacheExports;
  /** Builds of the same package at the same time share theirs. Default: a session of its own. */
  readonly sessions?: SharedSessions;
  /** A place in a job together with other platforms. Default: a job of its own. */
  readonly seat?: JobSeat | undefined;
  /** Ends before the export. Default: nobody waits for it. */
  readonly turn?: Turn | undefined;
  /** The walks of a run that checks its trees in the end. Default: each build walks. */
  readonly listings?: Shared<TreeListing>;
  readonly redactor: Redactor;
}

/** What the exporters answered, and what goes beside the image. */
export interface BuiltResult extends ExportResult {
  /** The recipe's own; keys with their places. */
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** A build whose result is known, though nothing of it may have run yet. */
export interface SolvedBuild extends OpenedBuild {
  readonly result: JobResult;
  /** What was asked for, should the result name no graph. */
  readonly input: SolveRequest["input"];
  readonly caches: ResolvedCaches;
  readonly evidence: BuildEvidence;
}

/**
 * Builds: opens a job, solves, looks at what would run before it runs, checks the result, and hands it to the exporter.
 *
 * @throws GraphError `LLB_CAP_MISSING`, `LLB_TOO_LARGE`, BuildError, EngineError, PlanError `PLAN_EMULATION_REFUSED`,
 * `PLAN_CHECK_FAILED`
 */
export async function buildOnEngine(build: EngineBuild, context: RunContext): Promise<BuiltResult> {
  const built = await buildOnce(build, context);
  // What it was to be exported with has failed: alone it comes from the engine's cache, and was checked.
  return built ?? (await buildOnEngine({ ...build, seat: undefined, checks: [] }, context));
}

async function buildOnce(build: EngineBuild, context: RunContext): Promise<BuiltResult | undefined> {
  const solved = await solveOnEngine(build, context);
  await using _job = solved.job;
  const { checks, name } = build;
  if (checks.length > 0) await runChecks(checks, openSolved(build, solved, context), name, context);
  await startCacheExports(build, solved, context);
  const exported = await solved.finish(solved.result, { signal: context.signal });
  if (exported === undefined) return undefined;
  for (const one of solved.caches.inBuild) await finishExport(one, exported.response, context);
  const { input } = solved;
  return { ...exported, annotations: input.kind === "definition" ? input.annotations : undefined };
}

/** While the job is open the engine has every result at hand; the exports themselves go on beside what follows. */
async function startCacheExports(build: EngineBuild, solved: SolvedBuild, context: RunContext): Promise<void> {
  const { job, result, input, caches, evidence } = solved;
  const { reference } = result;
  const definition = reference?.definition ?? graphOf(input, result);
  if (!build.cacheExports || caches.beside.length === 0 || !reference || definition === undefined) return;
  await job.evaluate(reference, { signal: context.signal });
  const request = lowerJob(build.step);
  const translate = createStatusTranslator(build.name, build.redactor, build.step.package.directory);
  await build.cacheExports.begin({
    ...{ node: build.name, engine: build.engine.engine, caches, evidence, definition },
    // What is pushed may be mounted from where it lies.
    fetch: build.output?.mounts ? undefined : async () => void (await job.statFile(reference, "/")),
    services: buildServices({ ...build, output: undefined }, request, caches, context),
    sharedKey: request.sharedKey,
    entitlements: request.entitlements,
    onStatus: (status) => translate(status).forEach(context.emit),
  });
}

/** The same as far as the result, which is left in its open job. */
export async function solveOnEngine(build: EngineBuild, context: RunContext): Promise<SolvedBuild> {
  const { signal } = context;
  const request = lowerJob(build.step);
  const evidence = createBuildEvidence();
  const caches = await resolveCaches(build.spec, build.step.package.image, {
    ...{ owner: { platform: build.step.platform }, redactor: build.redactor, signal },
  });
  const answering = answeringImports(caches.imports, build.spec, build.name, context);
  const opened = await openBuildJob(build, { request, caches, evidence }, context);
  const { job } = opened;
  try {
    const step = { ...build.step, sessionId: job.sessionId };
    const input = await solveInput(step, { job, engine: build.engine }, { signal });
    const solved = await job.solve({ input }, { signal, cacheImports: await answering });
    const definition = graphOf(input, solved);
    if (definition) opened.know?.(definition);
    if (build.assignment.emulation === "verify") assertNative(build, definition);
    const own = build.engine.facts.platforms[0] ?? build.step.platform;
    const result = await withOwnScan(build.step, { job, result: solved, graph: definition }, own, { signal });
    return { ...opened, result, input, caches, evidence };
  } catch (error) {
    await job[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens what was built; `close` is called when the image is disposed. */
export function openSolved(
  { engine, emulation, reference, step }: EngineBuild,
  { job, result }: Pick<SolvedBuild, "job" | "result">,
  { signal }: RunContext,
  close?: () => Promise<void>,
): Image {
  return openGatewayImage(job, result, {
    ...{ platform: step.platform, reference, signal },
    beforeExec: () => assertMayRun(engine.facts, step.platform, emulation),
    ...(close ? { close } : {}),
  });
}

/** What would run, where it is known. */
function graphOf(input: SolveRequest["input"], { reference }: JobResult): Definition | undefined {
  return input.kind === "definition" ? input.definition : reference?.definition;
}

/** The engine has read the Dockerfile by now, and nothing has run yet. */
function assertNative({ engine, step }: EngineBuild, definition: Definition | undefined): void {
  const foreign = definition && execPlatforms(definition).some((platform) => !isNative(engine.facts, platform));
  if (foreign) throw emulationRefused(engine.facts, step.platform);
}
