import type { Abortable } from "../core/abort.ts";
import type { Digest } from "../core/digest.ts";
import type { FileStat } from "../core/file-stat.ts";
import type { Platform, PlatformText } from "../core/platform.ts";
import type { SourceLines } from "../core/source-lines.ts";
import type { Definition } from "../llb/definition.ts";
import type { AttestationSubject } from "../llb/result.ts";
import type { SolveRequest } from "../lower/solve-request.ts";
import type { SessionService } from "../session/service.ts";
import type { Container, ContainerOptions } from "./container/container.ts";
import type { OpenFailedStep } from "./container/failed-step.ts";
import type { CacheRecord } from "./disk-usage.ts";

/** What an engine says about itself. */
export interface EngineInfo {
  /** Version without leading v, or "unknown" where the daemon has no Info. */
  readonly version: string;
  /** As the worker lists them, the first is its own. */
  readonly platforms: readonly Platform[];
  /** What runs without emulation. */
  readonly nativePlatforms: readonly Platform[];
  /** `image` and `oci` are missing on dockerd with the graphdriver store. */
  readonly exporters: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Where a build's result goes; attributes as BuildKit names them. */
export interface ExporterEntry {
  readonly type: "image" | "oci" | "docker" | "tar" | "local" | "moby";
  readonly attributes: Readonly<Record<string, string>>;
}

/** A cache beside the engine's own; attributes as BuildKit names them. */
export interface CacheEntry {
  readonly type: "registry" | "local" | "inline" | "gha" | "s3" | "azblob";
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a build reports while it runs; each repeat of a vertex replaces its earlier state. */
export interface SolveStatus {
  readonly vertexes: readonly StatusVertex[];
  readonly statuses: readonly StatusProgress[];
  readonly logs: readonly StatusLog[];
  readonly warnings: readonly StatusWarning[];
}
/** A vertex of a build, as it is now. */
export interface StatusVertex {
  readonly digest: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly cached: boolean;
  readonly startedAtEpochMs?: number;
  readonly completedAtEpochMs?: number;
  readonly error?: string;
}
/** How far something within a vertex is, such as the transfer of a layer. */
export interface StatusProgress {
  readonly vertex: string;
  readonly id: string;
  readonly current: number;
  /** 0: unknown. */
  readonly total: number;
  readonly startedAtEpochMs?: number;
  readonly completedAtEpochMs?: number;
}
/** What a vertex wrote. */
export interface StatusLog {
  readonly vertex: string;
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
  readonly atEpochMs: number;
}
/** What a frontend or the engine found to be doubtful. */
export interface StatusWarning {
  readonly vertex: string;
  readonly level: number;
  readonly short: string;
  readonly detail: readonly string[];
  readonly url: string;
  /** What it is about; the file is named as the frontend names it. */
  readonly source?: SourceLines;
}

/** What an engine can call while builds run. Disposing it ends all calls. */
export interface JobSession extends AsyncDisposable {
  readonly id: string;
  /** Settles when the session is over, whoever ended it. */
  readonly closed: Promise<void>;
  /** What its services threw, in order. */
  readonly failures: readonly { readonly method: string; readonly error: unknown }[];
}

/** How a session is opened that several jobs share. */
export interface SessionOptions extends Abortable {
  /** Services beyond health: file sync, credentials, file output… */
  readonly services: readonly SessionService[];
  /** Same text, same directories: the engine then keeps what it has and asks only for changes. */
  readonly sharedKey: string;
}

/** How a job is opened. */
export interface JobOptions extends SessionOptions {
  /** Serves the job in place of one that is opened for it, with the services that it has; disposed with the job. Default: none. */
  readonly session?: JobSession;
  readonly exporters: readonly ExporterEntry[];
  /**
   * Asks the session for exporters once the result is known: what a service of `createExporterService` finds comes behind
   * `exporters`. Default false.
   */
  readonly sessionExporters?: boolean;
  /**
   * Asks the session before each source is used: a service of `createSourcePolicyService` decides. Default false.
   * `ENGINE_FEATURE_MISSING` for engines that do not ask, those before BuildKit 0.26.
   */
  readonly sourcePolicy?: boolean;
  /** What is built for: the daemon warns of results of other platforms, and of missing ones. Default its own. */
  readonly platforms?: readonly Platform[];
  /** What is to be attested of the result, as `attest:…` options. */
  readonly attest?: Readonly<Record<string, string>>;
  readonly entitlements?: readonly string[];
  /** Caches that are written with the exporters, once the job is finished. */
  readonly cacheExports?: readonly CacheEntry[];
  /** Told what the engine tells of the build, as long as the job is open. */
  readonly onStatus?: (status: SolveStatus) => void;
  /** The directory that names of Dockerfiles and scripts are relative to: errors then tell where the files are. */
  readonly sourceRoot?: string;
}

/** A reference to a result that the daemon holds while the job is open. */
export interface ResultReference {
  readonly id: string;
  /** The graph that reproduces the reference, where the daemon says it. */
  readonly definition?: Definition;
}

/** The answer to a solve within a job. Lazy: nothing has run yet, unless `evaluate` was asked for. */
export interface JobResult {
  /** Undefined for scratch. */
  readonly reference?: ResultReference;
  readonly references: Readonly<Record<string, ResultReference>>;
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  /** What the client attests of the result, by platform; what a frontend attests goes with the result unseen. */
  readonly attestations?: Readonly<Record<PlatformText, readonly JobAttestation[]>>;
}

/** What a result of the same job holds of in-toto statements. */
export interface JobAttestation {
  /** `predicate`: a file with one statement's predicate; `bundle`: a directory of whole statements, a scanner's. */
  readonly kind: "predicate" | "bundle";
  readonly predicateType: string;
  readonly referenceId: string;
  readonly path: string;
  /** Default the image. */
  readonly subjects: readonly AttestationSubject[];
}

/** An image that the daemon resolved. */
export interface ResolvedImage {
  readonly digest: Digest;
  /** JSON of the image config. */
  readonly config: Uint8Array;
}

/** How an image is resolved. */
export interface ResolveOptions extends Abortable {
  /** What progress shows. */
  readonly logName?: string;
  /** `local` looks into the engine's own images first, `default` at last, `pull` never. */
  readonly resolveMode?: "default" | "pull" | "local";
}

/** A part of a file. */
export interface FileRange {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** What the exporters answered. */
export interface ExportResult {
  readonly digest?: Digest;
  readonly response: Readonly<Record<string, string>>;
}

/** What can be asked of a build's job as long as it is open. */
export interface OpenJob extends AsyncDisposable {
  readonly ref: string;
  /**
   * The session that serves its files. A graph names it with `llb.local(…, { sessionId })` if others may build one with
   * the same directory name on this engine at the same time: the engine takes equal steps for one.
   */
  readonly sessionId: string;
  /** LLB capabilities that are enabled on the engine. It is asked once, with the first call of any job. */
  capabilities(): Promise<ReadonlySet<string>>;
  /** Builds a graph, or has a frontend make one. The result is lazy: steps run when something of it is asked for. */
  solve(
    request: Pick<SolveRequest, "input">,
    options?: Abortable & { readonly evaluate?: boolean; readonly cacheImports?: readonly CacheEntry[] },
  ): Promise<JobResult>;
  /** Runs all that the reference needs. */
  evaluate(reference: ResultReference, options?: Abortable): Promise<void>;
  /** The config of an image for a platform, as the daemon finds it (LLBBridge.ResolveImageConfig); normalized reference. */
  resolveImage(reference: string, platform: Platform, options?: ResolveOptions): Promise<ResolvedImage>;
  /**
   * The content of a regular file of a result, or a range of it; a range that ends behind the file is cut. Symlinks are
   * followed within the result. A file that is no regular one may block some daemons: look with {@link OpenJob.statFile}.
   *
   * @throws ContentError `CONTENT_NOT_FOUND`
   */
  readFile(
    reference: ResultReference,
    path: string,
    options?: Abortable & { readonly range?: FileRange },
  ): Promise<Uint8Array>;
  /**
   * What lies in a directory of a result, sorted by name; `path` of an entry is its name. The pattern is one of
   * .dockerignore's, for names.
   *
   * @throws ContentError `CONTENT_NOT_FOUND`
   */
  readDir(
    reference: ResultReference,
    path: string,
    options?: Abortable & { readonly includePattern?: string },
  ): Promise<readonly FileStat[]>;
  /**
   * What lies at a path of a result; of a symlink, what it points to.
   *
   * @throws ContentError `CONTENT_NOT_FOUND`
   */
  statFile(reference: ResultReference, path: string, options?: Abortable): Promise<FileStat>;
  /** A container over a result, in which programs can be run. What they write does not change the result. */
  openContainer(options: ContainerOptions): Promise<Container>;
  /** The step that an error of this job is about, to be looked into; undefined if the daemon kept nothing of it. */
  failedStep(error: unknown): OpenFailedStep | undefined;
}

/**
 * One build on an engine: a gateway job with a session of its own.
 * Disposing it without {@link BuildJob.finish} cancels the build and exports nothing.
 */
export interface BuildJob extends OpenJob {
  /** Hands the result to the exporters and waits for them; the job is over then. */
  finish(result: JobResult, options?: Abortable): Promise<ExportResult>;
  /** Ends the job with an error; nothing is exported. */
  abandon(reason: unknown): Promise<void>;
}

/** How a cache is exported apart from the job that made it. */
export interface CacheExportOptions
  extends Pick<JobOptions, "services" | "sharedKey" | "entitlements" | "onStatus" | "signal"> {
  /** The graph; where a job holds its result, or the engine's cache has it, nothing is run for it. */
  readonly definition: Definition;
  readonly cacheExports: readonly CacheEntry[];
}

/** A connection to one BuildKit. */
export interface Engine extends AsyncDisposable {
  /** For people, such as `unix:///run/buildkit/buildkitd.sock`. */
  readonly address: string;
  readonly kind: "buildkit" | "docker";
  /** What it is: version, platforms, exporters. */
  info(options?: Abortable): Promise<EngineInfo>;
  /** How many its machine has; undefined where the daemon does not tell: only docker's does. */
  processors(options?: Abortable): Promise<number | undefined>;
  /** What lies in its build cache. */
  diskUsage(options?: Abortable): Promise<readonly CacheRecord[]>;
  /** Removes what nothing uses from its build cache; gives back what was removed. */
  prune(options?: Abortable): Promise<readonly CacheRecord[]>;
  /**
   * Solves a graph for nothing but whether that goes well; it has no session to ask for anything.
   *
   * @throws BuildError `BUILD_FAILED` with what the engine says; EngineError `ENGINE_LOST`
   */
  tryGraph(definition: Definition, options?: Abortable): Promise<void>;
  /** Opens a session that jobs can share: what they all ask of it at the same time is asked once. It has to be disposed. */
  openSession(options: SessionOptions): Promise<JobSession>;
  /** Opens a job: a session, and a gateway through which graphs are solved. It has to be disposed. */
  openJob(options: JobOptions): Promise<BuildJob>;
  /** Writes caches of a graph that was built; gives the exporters' answer. */
  exportCache(options: CacheExportOptions): Promise<Readonly<Record<string, string>>>;
}
