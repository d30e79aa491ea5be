import type { Abortable } from "../../core/abort.ts";
import type { Turn } from "../../core/concurrency.ts";
import type { BuildJob, ExportResult, JobOptions, JobResult, JobSession } from "../../engine/engine.ts";
import { evaluateResult } from "../../engine/job/job-result.ts";
import { localKind } from "../../lower/local-name.ts";
import type { SolveRequest } from "../../lower/solve-request.ts";
import { createAuthService } from "../../session/auth.ts";
import { createContentService } from "../../session/content.ts";
import { createFileSendService } from "../../session/file-send.ts";
import { createFileSyncService } from "../../session/filesync.ts";
import type { SessionService } from "../../session/service.ts";
import type { BuildEvidence } from "../build-cache/build-evidence.ts";
import type { ResolvedCaches } from "../build-cache/resolved-caches.ts";
import type { RunContext } from "../run.ts";
import type { EngineBuild } from "./engine-build.ts";
import type { JobMember } from "./joint-job.ts";
import { createStatusTranslator } from "./status-events.ts";

/** A job that is open for a build, its own or one that it shares. */
export type OpenedBuild = Pick<JobMember, "job" | "finish"> & Partial<Pick<JobMember, "know">>;

/** What a job is opened with. */
export interface JobPreparation {
  readonly request: Omit<SolveRequest, "input">;
  readonly caches: ResolvedCaches;
  readonly evidence: BuildEvidence;
}

/** Opens the job of a build, together with those of other platforms where it has a seat, and they wish the same. */
export async function openBuildJob(
  build: EngineBuild,
  prepared: JobPreparation,
  context: RunContext,
): Promise<OpenedBuild> {
  const { seat, step } = build;
  const { engine } = build.engine;
  const options = jobOptions(build, prepared, context);
  const session = await openSharedSession(build, prepared, options);
  try {
    if (session !== undefined && isJoint(build, prepared.caches)) {
      const { platform } = step;
      const member = await seat?.open(engine, { ...options, session, platform });
      if (member !== undefined) return member;
    }
    seat?.leave();
    const job = await engine.openJob({ ...options, platforms: [step.platform], ...(session ? { session } : {}) });
    return { job, finish: (result, finishing) => finishAlone(job, result, { ...finishing, turn: build.turn }) };
  } catch (error) {
    await session?.[Symbol.asyncDispose]();
    throw error;
  }
}

/** A build that others wait for gives them its turn once its steps are done; else that is one call less. */
async function finishAlone(
  job: BuildJob,
  result: JobResult,
  { turn, ...options }: Abortable & { readonly turn: Turn | undefined },
): Promise<ExportResult> {
  if (turn?.isAwaited()) {
    await evaluateResult(job, result, options);
    turn.end();
  }
  return await job.finish(result, options);
}

/** Caches of a single platform belong to a job of its own; and exporters that send to us send one platform's image. */
function isJoint({ output }: EngineBuild, { inBuild, beside }: ResolvedCaches): boolean {
  return output?.exporter.type === "image" && inBuild.length + beside.length === 0;
}

function jobOptions(
  build: EngineBuild,
  { request, caches, evidence }: JobPreparation,
  context: RunContext,
): Omit<JobOptions, "session"> {
  const { sharedKey, attest, entitlements } = request;
  const { directory } = build.step.package;
  const translate = createStatusTranslator(build.name, build.redactor, directory);
  return {
    ...{ sharedKey, attest, entitlements, sourceRoot: directory, signal: context.signal },
    exporters: build.output ? [build.output.exporter] : [],
    services: buildServices(build, request, caches, context),
    ...(caches.inBuild.length > 0 ? { cacheExports: caches.inBuild.map(({ entry }) => entry) } : {}),
    onStatus: (status) => {
      evidence.add(status);
      translate(status).forEach(context.emit);
    },
  };
}

/** Undefined where what is received, or written, is one build's own. */
async function openSharedSession(
  build: EngineBuild,
  { request, caches }: JobPreparation,
  given: Pick<JobOptions, "services" | "signal">,
): Promise<JobSession | undefined> {
  const { sessions, output, engine, spec: owner } = build;
  const { locals, sharedKey } = request;
  if (sessions === undefined || output?.receive !== undefined || caches.writable.size > 0) return undefined;
  const content = JSON.stringify([sharedKey, locals, [...build.layouts, ...caches.directories]]);
  const { services, signal } = given;
  return await sessions({ services, signal, engine: engine.engine, owner, content, sharedKey });
}

/** What an engine may ask us for during a build. */
export function buildServices(
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
