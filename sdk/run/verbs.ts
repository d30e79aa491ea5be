import { anySignal } from "../core/abort.ts";
import { RunError } from "../core/errors.ts";
import type { PlanVerb } from "../plan/plan.ts";
import type { BuildOptions, ExportOptions, PushOptions, VerbOptions } from "./options.ts";
import type { PackageSetSpec } from "./package-spec.ts";
import { showRun } from "./renderer.ts";
import type { RunResult } from "./result.ts";
import { Run } from "./run.ts";

/** What a run is to do. */
export type RunSpec =
  | { readonly verb: "build"; readonly set: PackageSetSpec; readonly options: BuildOptions }
  | { readonly verb: "push"; readonly set: PackageSetSpec; readonly options: PushOptions }
  | { readonly verb: "load"; readonly set: PackageSetSpec; readonly options: VerbOptions }
  | { readonly verb: "export"; readonly set: PackageSetSpec; readonly options: ExportOptions };

/** Starts a run. What it needs is imported only now: a value alone costs nothing. */
export function startRun<Result>(
  spec: RunSpec & { readonly verb: PlanVerb },
  pick: (result: RunResult) => Result,
): Run<Result> {
  const { options } = spec;
  const run = new Run(
    async (context) => {
      const { executeRun } = await import("./execution.ts");
      return pick(await executeRun(spec, context));
    },
    anySignal(options.signal, timeoutSignal(options.timeoutMs)),
  );
  showRun(run, options.progress ?? "quiet");
  return run;
}

function timeoutSignal(timeoutMs: number | undefined): AbortSignal | undefined {
  if (timeoutMs === undefined) return undefined;
  const controller = new AbortController();
  const reason = new RunError("RUN_CANCELED", `the run took longer than ${timeoutMs} ms`, {
    hint: "Give it more with timeoutMs.",
  });
  setTimeout(() => controller.abort(reason), timeoutMs).unref();
  return controller.signal;
}
