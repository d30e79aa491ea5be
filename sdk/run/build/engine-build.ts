import type { Redactor } from "../../core/redact.ts";
import type { Shared } from "../../core/shared.ts";
import type { CredentialSource } from "../../credentials/credential-source.ts";
import type { BuildJob, ExportResult, JobResult, JobSession } from "../../engine/engine.ts";
import { openGatewayImage } from "../../image/gateway-image.ts";
import type { Image } from "../../image/image.ts";
import { execPlatforms } from "../../llb/exec/exec-platforms.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import { localKind } from "../../lower/local-name.ts";
import { lowerJob } from "../../lower/lowering.ts";
import type { SolveRequest } from "../../lower/solve-request.ts";
import type { BuildOutput } from "../../outputs/build-output.ts";
import { assertMayRun, type EmulationPolicy, emulationRefused, isNative } from "../../plan/engine-assignment.ts";
import type { EngineAssignment } from "../../plan/plan.ts";
import type { NodeName } from "../../progress/event.ts";
import { createAuthService } from "../../session/auth.ts";
import { createContentService } from "../../session/content.ts";
import { createFileSendService } from "../../session/file-send.ts";
import type { TreeListing } from "../../session/filesync/tree-listing.ts";
import { createFileSyncService } from "../../session/filesync.ts";
import type { SessionService } from "../../session/service.ts";
import { type BuildEvidence, createBuildEvidence } from "../build-cache/build-evidence.ts";
import { type CacheExports, finishExport } from "../build-cache/cache-exports.ts";
import { type ResolvedCaches, resolveCaches } from "../build-cache/resolved-caches.ts";
import { answeringImports } from "../build-cache/silent-stores.ts";
import type { PooledEngine } from "../engines/engine-pool.ts";
import type { PackageSpec } from "../facade/package-spec.ts";
import type { RunContext } from "../run.ts";
import { type Check, runChecks } from "./checks.ts";
import { withOwnScan } from "./sbom-scan.ts";
import type { SharedSessionOptions, SharedSessions } from "./shared-sessions.ts";
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
export interface SolvedBuild {
  readonly job: BuildJob;
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
  const solved = await solveOnEngine(build, context);
  await using job = solved.job;
  const { checks, name } = build;
  if (checks.length > 0) await runChecks(checks, openSolved(build, solved, context), name, context);
  await startCacheExports(build, solved, context);
  const exported = await job.finish(solved.result, { signal: context.signal });
  for (const one of solved.caches.inBuild) await finishExport(one, exported.response, context);
  const { input } = solved;
  return { ...exported, annotations: input.kind === "definition" ? input.annotations : undefined };
}

/** While the job is open the engine has every result at hand; the exports themselves go on beside what follows. */
async function startCacheExports(build: EngineBuild, solved: SolvedBuild, context: RunContext): Promise<void> {
  const { job, result, input, caches, evidence } = solved;
  const definition = result.reference?.definition ?? (input.kind === "definition" ? input.definition : undefined);
  const { reference } = result;
  if (!build.cacheExports || caches.beside.length === 0 || !reference || definition === undefined) return;
  await job.evaluate(reference, { signal: context.signal });
  const request = lowerJob(build.step);
  const translate = createStatusTranslator(build.name, build.redactor, build.step.package.directory);
  await build.cacheExports.begin({
    ...{ node: build.name, engine: build.engine.engine, caches, evidence, definition },
    // What is pushed may be mounted from where it lies.
    fetch: build.output?.mounts ? undefined : async () => void (await job.statFile(reference, "/")),
    services: servicesFor({ ...build, output: undefined }, request, caches, context),
    sharedKey: request.sharedKey,
    entitlements: request.entitlements,
    onStatus: (status) => translate(status).forEach(context.emit),
  });
}

/** The same as far as the result, which is left in its open job. */
export async function solveOnEngine(build: EngineBuild, context: RunContext): Promise<SolvedBuild> {
  const { signal } = context;
  const request = lowerJob(build.step);
  const translate = createStatusTranslator(build.name, build.redactor, build.step.package.directory);
  const evidence = createBuildEvidence();
  const caches = await resolveCaches(build.spec, build.step.package.image, {
    ...{ owner: { platform: build.step.platform }, redactor: build.redactor, signal },
  });
  const answering = answeringImports(caches.imports, build.spec, build.name, context);
  const services = servicesFor(build, request, caches, context);
  const session = await openSharedSession(build, request, caches, { services, signal });
  const opening = build.engine.engine.openJob({
    exporters: build.output ? [build.output.exporter] : [],
    platform: build.step.platform,
    services,
    sharedKey: request.sharedKey,
    ...(session === undefined ? {} : { session }),
    sourceRoot: build.step.package.directory,
    attest: request.attest,
    entitlements: request.entitlements,
    ...(caches.inBuild.length > 0 ? { cacheExports: caches.inBuild.map(({ entry }) => entry) } : {}),
    onStatus: (status) => {
      evidence.add(status);
      translate(status).forEach(context.emit);
    },
    signal,
  });
  const job = await opening.catch(async (error: unknown) => {
    await session?.[Symbol.asyncDispose]();
    throw error;
  });
  try {
    const input = await solveInput(build.step, { job, engine: build.engine }, { signal });
    const solved = await job.solve({ input }, { signal, cacheImports: await answering });
    if (build.assignment.emulation === "verify") assertNative(build, input, solved);
    const own = build.engine.facts.platforms[0] ?? build.step.platform;
    const result = await withOwnScan(build.step, { job, result: solved, input }, own, { signal });
    return { job, result, input, caches, evidence };
  } catch (error) {
    await job[Symbol.asyncDispose]();
    throw error;
  }
}

/** Undefined where what is received, or written, is one build's own. */
async function openSharedSession(
  build: EngineBuild,
  { locals, sharedKey }: Pick<SolveRequest, "locals" | "sharedKey">,
  { directories, writable }: ResolvedCaches,
  given: Pick<SharedSessionOptions, "services" | "signal">,
): Promise<JobSession | undefined> {
  const { sessions, output, engine, spec: owner } = build;
  if (sessions === undefined || output?.receive !== undefined || writable.size > 0) return undefined;
  const content = JSON.stringify([sharedKey, locals, [...build.layouts, ...directories]]);
  return await sessions({ ...given, engine: engine.engine, owner, content, sharedKey });
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

function servicesFor(
  build: EngineBuild,
  request: Pick<SolveRequest, "locals">,
  { directories, writable }: ResolvedCaches,
  { emit }: RunContext,
): readonly SessionService[] {
  const receive = build.output?.receive;
  const layouts = new Map([...build.layouts, ...directories]);
  return [
    ...build.services,
    createAuthService(build.credentials),
    createFileSyncService(request.locals, {
      ...(build.listings ? { listings: build.listings } : {}),
      onSynced: ({ name, ...report }) => {
        emit({ type: "context.synced", at: Date.now(), node: build.name, name: localKind(name), ...report });
      },
    }),
    ...(layouts.size > 0 ? [createContentService(layouts, { writable })] : []),
    ...(receive ? [createFileSendService(new Map([[0, receive]]))] : []),
  ];
}

/** The engine has read the Dockerfile by now, and nothing has run yet. */
function assertNative({ engine, step }: EngineBuild, input: SolveRequest["input"], result: JobResult): void {
  const definition = input.kind === "definition" ? input.definition : result.reference?.definition;
  const foreign = definition && execPlatforms(definition).some((platform) => !isNative(engine.facts, platform));
  if (foreign) throw emulationRefused(engine.facts, step.platform);
}
