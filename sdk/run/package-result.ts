import { RunError } from "../core/errors.ts";
import type { PlatformText } from "../core/platform.ts";
import type { PackageResult, RunResult } from "./result.ts";

/** The result of a run over one package. */
export function onlyPackage<P extends PlatformText>(result: RunResult): PackageResult<P> {
  const [first] = result.packages;
  if (!first) throw new RunError("RUN_FAILED", "the run ended without a result");
  return first;
}
