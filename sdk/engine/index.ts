/**
 * Engines without packages: jobs on a BuildKit, for those who direct builds themselves. A job solves graphs and frontends,
 * looks into what they made, and hands one result to its exporters, also one of several platforms.
 *
 * @example
 * ```ts
 * await using engine = await connectEngine("unix:///run/buildkit/buildkitd.sock");
 * const { exporters, services } = jobOutputs([ociArchiveOutput("hello.tar")]);
 * await using job = await engine.openJob({ exporters, services, sharedKey: "" });
 * const solve = (architecture: string) => job.solve({ input: stateInput(llb.scratch().mkfile("/name", architecture), `linux/${architecture}`) });
 * await job.finish(platformResults({ "linux/amd64": await solve("amd64"), "linux/arm64": await solve("arm64") }));
 * ```
 *
 * @module
 */

export type { FileStat } from "../core/file-stat.ts";
export { stateInput } from "../lower/state-input.ts";
export type { AttestedImage } from "../oci/model/attested-image.ts";
export { archiveOutput, ociArchiveOutput } from "../outputs/archive-output.ts";
export type { BuildOutput, EngineOutput } from "../outputs/build-output.ts";
export { jobOutputs } from "../outputs/job-outputs.ts";
export { type LocalOutputOptions, localOutput } from "../outputs/local-output.ts";
export { createAuthService } from "../session/auth.ts";
export {
  type AddedExporter,
  createExporterService,
  type ExportableResult,
  type ExporterChoice,
} from "../session/exporters.ts";
export { contentReceiver } from "../session/file-send.ts";
export { createFileSyncService, type FileSyncOptions, type SyncReport } from "../session/filesync.ts";
export { createSecretsService, type SecretsOptions, type SecretValue } from "../session/secrets.ts";
export type { CallHeaders, SessionCall, SessionHandler, SessionService } from "../session/service.ts";
export {
  createSourcePolicyService,
  type PolicySource,
  type SourceDecision,
  type SourcePolicy,
  type SourceQuestion,
} from "../session/source-policy.ts";
export { createUploads, type UploadSource, type Uploads } from "../session/upload.ts";
export type { TlsOptions } from "../wire/endpoint.ts";
export type { SentFile } from "../wire/fsutil/largest-files.ts";
export { type ConnectOptions, connectEngine } from "./connect-engine.ts";
export type { ContainerMount, ContainerOptions } from "./container/container.ts";
export type { OpenFailedStep } from "./container/failed-step.ts";
export type { CacheRecord } from "./disk-usage.ts";
export type * from "./engine.ts";
export { platformResults } from "./job/platform-results.ts";
export type { EngineKind } from "./transport.ts";
