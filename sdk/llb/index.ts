/**
 * BuildKit's build language as TypeScript: immutable states, and the bytes that a daemon takes.
 *
 * A vertex is an operation, a state an output of one with the settings for the next, a definition the marshalled
 * graph. This module does no I/O and knows no engine. It mirrors BuildKit's Go package `client/llb`.
 *
 * @module
 */

export type { Digest } from "../core/digest.ts";
export type { Platform } from "../core/platform.ts";
export { atCaller, type BuilderFunction, type CallSite, withoutCallSites } from "./call-site.ts";
export { decodeDefinition } from "./decoding/definition-decoder.ts";
export { fromDefinition } from "./decoding/from-definition.ts";
export type { DockerfileOptions, FrontendOptions, PackageValue } from "./deferred/deferred.ts";
export {
  type DeferredOf,
  type DeferredStates,
  deferredLocation,
  deferredStates,
  resolvedState,
} from "./deferred/deferred-states.ts";
export type { Definition, SourceMap, SourceRange, VertexMetadata } from "./definition.ts";
export { definitionToJson, formatDump } from "./dump/definition-dump.ts";
export { definitionToDot, definitionToMermaid } from "./dump/definition-graph.ts";
export { encodeDefinition } from "./encoding/definition-encoder.ts";
export { type MarshalOptions, marshal } from "./encoding/marshal.ts";
export { checkRequirements, type EngineLimits } from "./encoding/requirements.ts";
export { withSourceTexts } from "./encoding/source-texts.ts";
export type { LinuxResources, RunOptions } from "./exec/exec.ts";
export { execPlatforms } from "./exec/exec-platforms.ts";
export type {
  BindMountOptions,
  CacheMountOptions,
  FileMount,
  FileSecretOptions,
  Mount,
  SecretMount,
  SshMount,
  TmpfsMountOptions,
} from "./exec/mount.ts";
export type { UlimitValue } from "./exec/process-argument.ts";
export type {
  CopyOptions,
  CreateOptions,
  FileAction,
  MkdirOptions,
  MkfileOptions,
  OwnerValue,
  RmOptions,
} from "./file/file-action.ts";
export {
  type BaseImage,
  baseImageKey,
  type KnownBases,
  type ResolvedImage,
  type ResolvedImages,
  type ResolvedState,
  type ResolvedStates,
} from "./image-config/base-image.ts";
export { baseImages } from "./image-config/base-images.ts";
export { type ImageConfigOptions, imageConfig, type OciImageConfig } from "./image-config/image-config.ts";
export type { Healthcheck, ImageSettings } from "./image-config/image-settings.ts";
export type { BuildOptions, PassthroughInput } from "./join.ts";
/** The language of BuildKit: where states come from, mounts for `run`, and actions for `file`. */
export * as llb from "./llb.ts";
export { LlbDefinition } from "./llb-definition.ts";
export type { CacheSharing, CdiDevice, ContentCache, NetworkMode, OpPlatform, ProxyEnv, SecurityMode } from "./op.ts";
export {
  type AttestationInput,
  type AttestationSubject,
  BuildResult,
  type JsonValue,
  type ResultAttestation,
  type ResultInit,
  resultRoots,
} from "./result.ts";
export { normalizeContextName } from "./sources/context-name.ts";
export type { GitBundle, GitOptions, GitSignature } from "./sources/git-source.ts";
export type { FileSourceOptions, HttpOptions } from "./sources/http-source.ts";
export type { OciLayoutBlobOptions, OciLayoutOptions, OciStoreOptions } from "./sources/oci-source.ts";
export type { ImageOptions, LocalOptions } from "./sources/source.ts";
export { RunState, State } from "./state.ts";
export { StatePath, type StateValue } from "./state-value.ts";
export type {
  DeferredDirectory,
  DeferredFrontend,
  DeferredPackage,
  DeferredVertex,
  Owner,
  VertexConstraints,
  VertexMount,
  VertexSecret,
} from "./vertex.ts";
export type { VertexOptions } from "./vertex-options.ts";
