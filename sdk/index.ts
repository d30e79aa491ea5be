/**
 * Build, test and publish LinuxKit packages as code, on any BuildKit.
 *
 * Users first; what library authors need stands at the end.
 *
 * @module
 */

export type {
  FileExpectation,
  Image,
  ImageContainerOptions,
  ImageEntry,
  ImageExecOptions,
} from "./image/image.ts";
export { llb } from "./llb/index.ts";
export type { LlbDefinition } from "./llb/llb-definition.ts";
export { type TransitiveTag, transitive } from "./pkg/transitive-tag.ts";
export { formatPlan } from "./plan/plan-text.ts";
export type { TagExplanation, TagInput, TagInputKind } from "./plan/tag-inputs.ts";
export type { ProgressMode } from "./progress/create-renderer.ts";
export type { NodeName, NodeOutcome, RunEvent } from "./progress/event.ts";
export type { CheckFunction, CheckOptions } from "./run/build/checks.ts";
export type { FailedStep, FailureFunction } from "./run/build/failed-step.ts";
export type {
  AzblobPlace,
  CacheCompression,
  CacheExport,
  CacheExportOptions,
  CacheImport,
  CacheInputs,
  CacheManifest,
  GhaPlace,
  LocalPlace,
  RegistryPlace,
  S3Place,
} from "./run/build-cache/settings.ts";
export type { ReleaseTags } from "./run/destinations/release-tags.ts";
export {
  type ContainerEngineOptions,
  type DockerPlace,
  type EngineChoice,
  type EngineMap,
  type EngineSelection,
  type EngineSelectionOptions,
  type Engines,
  type EngineTls,
  engines,
} from "./run/engines/engine-selection.ts";
export type { FluentPackage } from "./run/facade/fluent-package.ts";
export type { FluentPackages } from "./run/facade/fluent-packages.ts";
export type { ContextInputs } from "./run/facade/named-contexts.ts";
export type {
  BuildOptions,
  CachedBases,
  ExportOptions,
  LlbOptions,
  OpenOptions,
  PushOptions,
  VerbOptions,
} from "./run/facade/options.ts";
export { type PkgOptions, pkg, pkgs } from "./run/facade/pkg.ts";
export type {
  ExportedImage,
  ExportedPackage,
  FailedNode,
  ImageResult,
  NodeReport,
  PackageResult,
  RunResult,
} from "./run/facade/result.ts";
export {
  fromEnv,
  fromFile,
  fromValue,
  type SecretCallback,
  type SecretInputs,
  type SecretSource,
} from "./run/facade/secret-source.ts";
export type { SshInputs, SshKeys, SshSocket } from "./run/facade/ssh-agents.ts";
export type { BuildsPlan, PlannedBuild } from "./run/facts/planned-builds.ts";
export { createFromTemplate, type ScaffoldOptions, type ScaffoldResult } from "./run/machine/scaffold.ts";
export type { DigestPush, DigestPushOptions } from "./run/publishing/digest-push.ts";
export type { IndexOptions, PublishedIndex } from "./run/publishing/package-indexes.ts";
export type { Run } from "./run/run.ts";
export type { QuestionOptions } from "./run/subrequests/frontend-question.ts";
export type { LintReport, LintWarning } from "./run/subrequests/lint.ts";
export type { BuildOutline, OutlineArg, OutlineInput } from "./run/subrequests/outline.ts";
export type { BuildTarget } from "./run/subrequests/targets.ts";
export type { TagComparisonOptions, TagDifference } from "./run/tagging/tag-comparison.ts";

// What was pushed: tags that move later, or elsewhere.

export type { MergeOptions } from "./run/publishing/index-merging.ts";
export { mergeIndexes, readReceipts, remoteTag, writeReceipt } from "./run/publishing/published.ts";
export type { Receipt, ReceiptPackage } from "./run/publishing/receipt.ts";
export type { RemoteTag, RemoteTagOptions } from "./run/publishing/remote-tag.ts";

// The machine: what kitsmith started on it, and what it needs.

export type { DaemonKind } from "./engine/lifecycle/engine-daemon.ts";
export type { OwnEngine } from "./engine/lifecycle/own-engine.ts";
export type { StopEnginesOptions } from "./run/engines/own-engines.ts";
export type { Finding } from "./run/machine/diagnosis.ts";
export {
  diagnose,
  listEngines,
  startEmbeddedRegistry,
  stopEmbeddedRegistry,
  stopEngines,
} from "./run/machine/machine.ts";
export type { OwnRegistry } from "./testing/own-registry.ts";

// Errors: test the code, never the text.

export type { ErrorClassName, ErrorCode } from "./core/error-codes.ts";
export {
  BuildError,
  ContentError,
  EngineError,
  type ErrorOptions,
  GraphError,
  InputError,
  isKitsmithError,
  KitsmithError,
  PlanError,
  ProtocolError,
  RegistryError,
  RunError,
  type SourceLocation,
} from "./core/errors.ts";

// For library authors: what the values above are made of.

export type { Abortable } from "./core/abort.ts";
export type { Digest } from "./core/digest.ts";
export type { LocalSource, VirtualRoot } from "./core/local-source.ts";
export type { Platform, PlatformText } from "./core/platform.ts";
export type { SourceLines } from "./core/source-lines.ts";
export { type Mirrors, parseMirrors } from "./credentials/mirrors.ts";
export type { RegistrySettings } from "./credentials/registry-policy.ts";
export type {
  Container,
  ContainerProcess,
  ExecOptions,
  ExecResult,
  ProcessOptions,
  ProcessOutput,
  ProcessSignal,
} from "./engine/container/container.ts";
export type { FailedAction, FailedCommand, FailedState, FailedStateOptions } from "./engine/container/failed-step.ts";
export type { DefinitionAttestation, DefinitionInput, FrontendInput, SolveRequest } from "./lower/solve-request.ts";
export type { Descriptor, DescriptorPlatform } from "./oci/model/descriptor.ts";
export type { ImageConfig, RunConfig } from "./oci/model/image-config.ts";
export type { Compression, CompressionType } from "./outputs/compression.ts";
export type { AttestSettings, ProvenanceSettings, SbomSettings } from "./pkg/attestation.ts";
export type { PackageInit, RemotePackageInit } from "./pkg/create-package.ts";
export type { DockerfileOptions } from "./pkg/dockerfile-options.ts";
export type { FrontendOptions } from "./pkg/frontend-image.ts";
export type { HashOptions, Recipe, RecipeContext, RecipeContextOptions } from "./pkg/package.ts";
export type { ReproducibleOptions } from "./pkg/reproducible.ts";
export type { EmulationPolicy } from "./plan/engine-assignment.ts";
export type { EngineAssignment, NodeAction, NodeState, Plan, PlanNode, PlannedPackage, PlanVerb } from "./plan/plan.ts";
