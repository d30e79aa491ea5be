import { anySignal } from "../../core/abort.ts";
import { RunError } from "../../core/errors.ts";
import type { PlatformText } from "../../core/platform.ts";
import type { Image } from "../../image/image.ts";
import type { PlanVerb } from "../../plan/plan.ts";
import { openDisplay } from "../display.ts";
import type { ReceiptCollection } from "../publishing/receipt-collection.ts";
import { Run } from "../run.ts";
import { withRunEnd } from "../run-end.ts";
import type { BuildOptions, ExportOptions, OpenOptions, PushOptions, VerbOptions } from "./options.ts";
import type { PackageSetSpec, PackageSpec } from "./package-spec.ts";
import type { ExportedPackage, RunResult } from "./result.ts";

/** What a run is to do. */
export type RunSpec =
  | { readonly verb: "build"; readonly set: PackageSetSpec; readonly options: BuildOptions }
  | {
      readonly verb: "push";
      readonly set: PackageSetSpec;
      readonly options: PushOptions;
      /** Set: no tag moves, and what was pushed is noted here. */
      readonly receipts?: ReceiptCollection;
    }
  | { readonly verb: "load"; readonly set: PackageSetSpec; readonly options: VerbOptions }
  | { readonly verb: "export"; readonly set: PackageSetSpec; readonly options: ExportOptions };

/** Starts a run. What it needs is imported only now: a value alone costs nothing. */
export function startRun<Result>(
  spec: RunSpec & { readonly verb: PlanVerb },
  pick: (result: RunResult<ExportedPackage>) => Result,
): Run<Result> {
  const { options } = spec;
  return new Run(
    async (context) => {
      using display = openDisplay(options.progress ?? "quiet", context);
      const { executeRun } = await import("../execution.ts");
      return pick(await withRunEnd(display.context, (told) => executeRun(spec, told)));
    },
    anySignal(options.signal, timeoutSignal(options.timeoutMs)),
  );
}

/** Starts to open an image. */
export function startOpen(spec: PackageSpec, platform: PlatformText, options: OpenOptions): Run<Image> {
  return new Run(
    async (context) => {
      using display = openDisplay(options.progress ?? "quiet", context);
      const { openPackage } = await import("../open-package.ts");
      const { onFailure } = options;
      const shown: OpenOptions =
        onFailure === undefined
          ? options
          : {
              ...options,
              // It may want the terminal for itself.
              onFailure: (step) => {
                display[Symbol.dispose]();
                return onFailure(step);
              },
            };
      return await withRunEnd(display.context, (told) => openPackage(spec, platform, shown, told));
    },
    anySignal(options.signal, timeoutSignal(options.timeoutMs)),
  );
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
