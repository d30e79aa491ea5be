import { RunError } from "../core/errors.ts";
import type { PlatformText } from "../core/platform.ts";
import type { PackageSpec } from "./package-spec.ts";
import type { PackageResult, RunResult } from "./result.ts";

/** Takes the result of a run over one package out of it, typed by the platforms that were asked for. */
export function onlyPackage<P extends PlatformText>(spec: PackageSpec): (result: RunResult) => PackageResult<P> {
  return (result) => {
    const [first] = result.packages;
    if (first && hasPlatforms<P>(first, spec.overrides.platforms ?? [])) return first;
    throw new RunError("RUN_FAILED", "the run ended without a result for every platform", {
      details: { asked: spec.overrides.platforms },
    });
  };
}

function hasPlatforms<P extends PlatformText>(
  result: PackageResult,
  platforms: readonly PlatformText[],
): result is PackageResult<P> {
  return platforms.every((platform) => platform in result.images);
}
