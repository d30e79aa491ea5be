import type { Redactor } from "../core/redact.ts";
import type { CredentialSource } from "../credentials/credential-source.ts";
import type { BuildJob, ExportResult, JobResult } from "../engine/engine.ts";
import { openGatewayImage } from "../image/gateway-image.ts";
import type { Image } from "../image/image.ts";
import { execPlatforms } from "../llb/exec-platforms.ts";
import type { BuildStep } from "../lower/build-step.ts";
import { localKind } from "../lower/local-name.ts";
import { lowerStep } from "../lower/lowering.ts";
import type { SolveRequest } from "../lower/solve-request.ts";
import type { BuildOutput } from "../outputs/build-output.ts";
import { assertMayRun, type EmulationPolicy, emulationRefused, isNative } from "../plan/engine-assignment.ts";
import type { EngineAssignment } from "../plan/plan.ts";
import type { NodeName } from "../progress/event.ts";
import { createAuthService } from "../session/auth.ts";
import { createFileSendService } from "../session/file-send.ts";
import { createFileSyncService } from "../session/filesync.ts";
import type { SessionService } from "../session/service.ts";
import { type Check, runChecks } from "./checks.ts";
import type { PooledEngine } from "./engine-pool.ts";
import type { RunContext } from "./run.ts";
import { solveInput } from "./solve-input.ts";
import { createStatusTranslator } from "./status-events.ts";

/** One build on one engine. */
export interface EngineBuild {
  readonly name: NodeName;
  readonly step: BuildStep;
  readonly engine: PooledEngine;
  readonly assignment: EngineAssignment;
  /** Undefined for a result that goes nowhere. */
  readonly output?: BuildOutput;
  readonly credentials: CredentialSource;
  /** Where the image will lie. */
  readonly reference: string;
  readonly checks: readonly Check[];
  readonly emulation: EmulationPolicy;
  /** What steps may ask for besides files and credentials. */
  readonly services: readonly SessionService[];
  readonly redactor: Redactor;
}

/** A build whose result is known, though nothing of it may have run yet. */
export interface SolvedBuild {
  readonly job: BuildJob;
  readonly result: JobResult;
}

/**
 * Builds: opens a job, solves, looks at what would run before it runs, checks the result, and hands it to the exporter.
 *
 * @throws GraphError `LLB_CAP_MISSING`, `LLB_TOO_LARGE`, BuildError, EngineError, PlanError `PLAN_EMULATION_REFUSED`,
 * `PLAN_CHECK_FAILED`
 */
export async function buildOnEngine(build: EngineBuild, context: RunContext): Promise<ExportResult> {
  const solved = await solveOnEngine(build, context);
  await using job = solved.job;
  const { checks, name } = build;
  if (checks.length > 0) await runChecks(checks, openSolved(build, solved, context), name, context);
  return await job.finish(solved.result, { signal: context.signal });
}

/** The same as far as the result, which is left in its open job. */
export async function solveOnEngine(build: EngineBuild, context: RunContext): Promise<SolvedBuild> {
  const { signal } = context;
  const request = lowerStep(build.step);
  const translate = createStatusTranslator(build.name, build.redactor);
  const job = await build.engine.engine.openJob({
    exporters: build.output ? [build.output.exporter] : [],
    platform: build.step.platform,
    services: servicesFor(build, request, context),
    sharedKey: request.sharedKey,
    sourceRoot: build.step.package.directory,
    entitlements: request.entitlements,
    onStatus: (status) => translate(status).forEach(context.emit),
    signal,
  });
  try {
    const input = await solveInput(build.step, request, { job, engine: build.engine }, { signal });
    const result = await job.solve({ input }, { signal });
    if (build.assignment.emulation === "verify") assertNative(build, input, result);
    return { job, result };
  } catch (error) {
    await job[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens what was built; `close` is called when the image is disposed. */
export function openSolved(
  { engine, emulation, reference, step }: EngineBuild,
  { job, result }: SolvedBuild,
  { signal }: RunContext,
  close?: () => Promise<void>,
): Image {
  return openGatewayImage(job, result, {
    ...{ platform: step.platform, reference, signal },
    beforeExec: () => assertMayRun(engine.facts, step.platform, emulation),
    ...(close ? { close } : {}),
  });
}

function servicesFor(build: EngineBuild, request: SolveRequest, { emit }: RunContext): readonly SessionService[] {
  const receive = build.output?.receive;
  return [
    ...build.services,
    createAuthService(build.credentials),
    createFileSyncService(request.locals, {
      onSynced: ({ name: local, filesSent, bytesSent, filesTotal }) => {
        const name = localKind(local);
        emit({ type: "context.synced", at: Date.now(), node: build.name, name, filesSent, bytesSent, filesTotal });
      },
    }),
    ...(receive ? [createFileSendService(new Map([[0, receive]]))] : []),
  ];
}

/** The engine has read the Dockerfile by now, and nothing has run yet. */
function assertNative({ engine, step }: EngineBuild, input: SolveRequest["input"], result: JobResult): void {
  const definition = input.kind === "definition" ? input.definition : result.reference?.definition;
  const foreign = definition && execPlatforms(definition).some((platform) => !isNative(engine.facts, platform));
  if (foreign) throw emulationRefused(engine.facts, step.platform);
}
