import { type Abortable, raceAbort } from "../../core/abort.ts";
import { RunError } from "../../core/errors.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import type {
  BuildJob,
  Engine,
  ExporterEntry,
  ExportResult,
  JobOptions,
  JobResult,
  OpenJob,
} from "../../engine/engine.ts";
import { evaluateResult, withMetadata } from "../../engine/job/job-result.ts";
import { platformResults } from "../../engine/job/platform-results.ts";
import type { Definition } from "../../llb/definition.ts";
import { createStatusShares, type StatusShare, type StatusShares } from "./joint-status.ts";

/** One platform's build in a job for several. */
export interface JobMember {
  /** The job. Disposing it leaves it; the last one closes it. */
  readonly job: OpenJob;
  /** Tells what this build's steps are. */
  know(definition: Definition): void;
  /**
   * Runs what is left of this build, and has its result exported together with those of the others.
   *
   * @returns undefined if another one failed: then each has to go alone
   */
  finish(result: JobResult, options: Abortable): Promise<ExportResult | undefined>;
}

/** How a build takes part: as an engine's job is opened, for one platform. */
export interface MemberOptions extends Omit<JobOptions, "platforms"> {
  /** Builds with the same session have the same files and credentials. */
  readonly session: NonNullable<JobOptions["session"]>;
  readonly platform: Platform;
}

/** A place in a job for several platforms. */
export interface JobSeat {
  /** Waits for the others; undefined where nobody else wishes the same. */
  open(engine: Engine, options: MemberOptions): Promise<JobMember | undefined>;
  /** For a build that does not take part; nothing after `open`. */
  leave(): void;
}

interface Member {
  readonly options: MemberOptions;
  readonly share: StatusShare;
  result?: JobResult;
}

interface Joint {
  readonly members: Set<Member>;
  readonly shares: StatusShares;
  /** Fires when the last member is gone. */
  readonly abandoned: AbortController;
  readonly seated: Moment<void>;
  /** What became of all results; undefined if one is missing. */
  readonly exported: Moment<ExportResult | undefined>;
  /** Seats of which nothing is known yet. */
  awaited: number;
  /** Called when all steps are done. */
  readonly onExport: () => void;
  opening?: Promise<BuildJob>;
}

/**
 * A job for several platforms of a package on one engine, as many as there are seats: one connection, one export, one index
 * of all of them. It is opened when every seat is taken or left. Whoever fails, fails alone.
 *
 * @param onExport - called when all steps are done
 */
export function createJointJob(size: number, onExport: () => void): readonly JobSeat[] {
  const joint: Joint = {
    ...{ members: new Set(), shares: createStatusShares(), abandoned: new AbortController(), awaited: size, onExport },
    ...{ seated: createMoment<void>(), exported: createMoment<ExportResult | undefined>() },
  };
  return Array.from({ length: size }, () => createSeat(joint));
}

function createSeat(joint: Joint): JobSeat {
  let isTaken = false;
  const take = (): void => {
    if (isTaken) return;
    isTaken = true;
    joint.awaited -= 1;
    if (joint.awaited === 0) joint.seated.come(undefined);
  };
  return {
    leave: take,
    async open(engine, options) {
      const member = join(joint, options);
      take();
      if (member === undefined) return undefined;
      try {
        await raceAbort(joint.seated.came, options.signal);
        if (joint.opening === undefined && joint.members.size < 2) return void joint.members.delete(member);
        const job = await raceAbort(openOnce(joint, engine, options), options.signal);
        return createMember(joint, job, member);
      } catch (error) {
        await leave(joint, member);
        throw error;
      }
    },
  };
}

/** Undefined for wishes that are not those of the others. */
function join({ members, shares }: Joint, options: MemberOptions): Member | undefined {
  const [first] = members;
  if (first !== undefined && keyOf(first.options) !== keyOf(options)) return undefined;
  const member: Member = { options, share: shares.add(options.onStatus ?? (() => {})) };
  members.add(member);
  return member;
}

function keyOf({ session, sourceRoot, attest, entitlements, exporters }: MemberOptions): string {
  return JSON.stringify([session.id, sourceRoot, attest, entitlements, exporters.map(withoutAnnotations)]);
}

/** The members' options differ in nothing but what is of a platform. */
function openOnce(joint: Joint, engine: Engine, options: MemberOptions): Promise<BuildJob> {
  joint.opening ??= engine.openJob({
    ...options,
    exporters: options.exporters.map(withoutAnnotations),
    platforms: [...joint.members].map((member) => member.options.platform),
    onStatus: joint.shares.deliver,
    signal: joint.abandoned.signal,
  });
  return joint.opening;
}

function createMember(joint: Joint, job: BuildJob, member: Member): JobMember {
  return {
    job: { ...job, [Symbol.asyncDispose]: () => leave(joint, member) },
    know: (definition) => member.share.know(definition),
    async finish(result, options) {
      // What fails here is this build's own failure.
      await evaluateResult(job, result, options);
      member.result = result;
      exportWhenWhole(joint, job);
      return await raceAbort(joint.exported.came, options.signal);
    },
  };
}

function exportWhenWhole({ members, exported, abandoned, onExport }: Joint, job: BuildJob): void {
  const results = [...members].flatMap(({ options, result }) =>
    result === undefined ? [] : [[formatPlatform(options.platform), withAnnotations(result, options)] as const],
  );
  if (exported.hasCome() || results.length < members.size) return;
  onExport();
  exported.come(job.finish(platformResults(Object.fromEntries(results)), { signal: abandoned.signal }));
}

/** Who leaves before the export takes it from the others, too: they go alone, and find all steps done. */
async function leave({ members, exported, abandoned, opening }: Joint, member: Member): Promise<void> {
  if (!members.delete(member)) return;
  if (opening !== undefined) exported.come(undefined);
  if (members.size === 0) abandoned.abort(new RunError("RUN_CANCELED", "nobody builds in this job any more"));
  await member.options.session[Symbol.asyncDispose]();
  if (members.size === 0) await opening?.then((job) => job[Symbol.asyncDispose]()).catch(() => {});
}

/** Exporters of several platforms take what is said of one from its result. */
function withAnnotations(result: JobResult, { exporters, platform }: MemberOptions): JobResult {
  const annotations = exporters.flatMap(({ attributes }) => Object.entries(attributes).filter(isAnnotation));
  const encoded = annotations.map(([key, value]) => [key, Buffer.from(value)] as const);
  return withMetadata(result, formatPlatform(platform), Object.fromEntries(encoded));
}

function withoutAnnotations({ type, attributes }: ExporterEntry): ExporterEntry {
  return { type, attributes: Object.fromEntries(Object.entries(attributes).filter((entry) => !isAnnotation(entry))) };
}

function isAnnotation([key]: readonly [string, string]): boolean {
  return /^annotation[.[-]/.test(key);
}

/** Something that comes once. */
interface Moment<T> {
  readonly came: Promise<T>;
  come(value: T | Promise<T>): void;
  hasCome(): boolean;
}

function createMoment<T>(): Moment<T> {
  let hasCome = false;
  let settle = (_value: T | Promise<T>): void => {};
  const came = new Promise<T>((resolve) => (settle = resolve));
  // There may be nobody left to be told of a failure.
  came.catch(() => {});
  return {
    came,
    come(value) {
      hasCome = true;
      settle(value);
    },
    hasCome: () => hasCome,
  };
}
