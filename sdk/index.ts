/**
 * Build, test and publish LinuxKit packages as code, on any BuildKit.
 *
 * Users first; what library authors need stands at the end.
 *
 * @module
 */
export { pkg, type PkgOptions, pkgs } from "./run/pkg.ts";
export type { FluentPackage } from "./run/fluent-package.ts";
export type { FluentPackages } from "./run/fluent-packages.ts";
export {
  type EngineChoice,
  type EngineMap,
  type EngineSelection,
  type EngineSelectionOptions,
  type Engines,
  type EngineTls,
  engines,
} from "./run/engine-selection.ts";
export type { BuildOptions, ExportOptions, PushOptions, VerbOptions } from "./run/options.ts";
export type { FailedNode, ImageResult, PackageResult, RunResult } from "./run/result.ts";
export type { Run } from "./run/run.ts";
export { formatPlan } from "./plan/plan-text.ts";
export { llb } from "./llb/index.ts";
