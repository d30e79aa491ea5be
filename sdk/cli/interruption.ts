import { RunError } from "../core/errors.ts";

/** A signal that fires on the first Ctrl-C or SIGTERM, so that everything can be closed; the second one ends the process. */
export function interruptible(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write("\nstopping; once more ends it at once\n");
    controller.abort(new RunError("RUN_CANCELED", `stopped by ${name}`));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    signal: controller.signal,
    release: () => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}
