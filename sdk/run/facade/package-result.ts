import { RunError } from "../../core/errors.ts";
import type { PlatformText } from "../../core/platform.ts";
import type { PackageSpec } from "./package-spec.ts";
import type { ExportedPackage, PackageResult, RunResult } from "./result.ts";

/** The result of a verb that makes images: every package has its digests. One that is for no platform at all is left out. */
export function withDigests(result: RunResult<ExportedPackage>): RunResult {
  return { ...result, packages: result.packages.filter(hasPlatforms).map(requireDigests) };
}

function hasPlatforms({ digest, images }: ExportedPackage): boolean {
  return digest !== undefined || Object.keys(images).length > 0;
}

/** Takes the result of a run over one package out of it, typed by the platforms that were asked for. */
export function onlyPackage<P extends PlatformText>(
  spec: PackageSpec,
): (result: RunResult<ExportedPackage>) => PackageResult<P> {
  return (result) => {
    const [first] = withDigests(result).packages;
    return requirePlatforms<PackageResult<P>>(first, spec);
  };
}

/** As {@link onlyPackage}, for exports, which need not hold an image. */
export function onlyExported<P extends PlatformText>(
  spec: PackageSpec,
): (result: RunResult<ExportedPackage>) => ExportedPackage<P> {
  return ({ packages: [first] }) => requirePlatforms<ExportedPackage<P>>(first, spec);
}

function requireDigests(result: ExportedPackage): PackageResult {
  if (hasDigests(result)) return result;
  throw incomplete(result.name);
}

function hasDigests(result: ExportedPackage): result is PackageResult {
  return result.digest !== undefined && Object.values(result.images).every((image) => image.digest !== undefined);
}

function requirePlatforms<Result extends ExportedPackage>(
  result: ExportedPackage | undefined,
  spec: PackageSpec,
): Result {
  if (result && isFor<Result>(result, spec.overrides.platforms ?? [])) return result;
  throw incomplete(result?.name ?? "the package");
}

function isFor<Result extends ExportedPackage>(
  result: ExportedPackage,
  platforms: readonly PlatformText[],
): result is Result {
  return platforms.every((platform) => platform in result.images);
}

function incomplete(name: string): RunError {
  return new RunError("RUN_FAILED", `the run ended without a result for every platform of ${name}`);
}
