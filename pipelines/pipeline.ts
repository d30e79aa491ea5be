import { isKitsmithError } from "kitsmith";

/** Runs a pipeline with a signal that Ctrl-C fires, and ends the process with a message if it fails. */
export async function runPipeline(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  try {
    await work(stop.signal);
  } catch (thrown) {
    const error: unknown = stop.signal.aborted ? stop.signal.reason : thrown;
    console.error(error instanceof Error ? error.message : error);
    if (isKitsmithError(error) && error.hint !== undefined) console.error(error.hint);
    process.exitCode = stop.signal.aborted ? 130 : 1;
  }
}
