import { createRenderer, type ProgressMode } from "../progress/create-renderer.ts";
import type { RunContext } from "./run.ts";

/** A run's events on stderr, until it is disposed. */
export interface Display extends Disposable {
  /** The context whose events are shown as well. */
  readonly context: RunContext;
}

/** Shows what a run emits. All of it is written before the run's promise settles. */
export function openDisplay(mode: ProgressMode, context: RunContext): Display {
  const renderer = createRenderer(mode, { stream: process.stderr, environment: process.env });
  let open = true;
  const emit: RunContext["emit"] = (event) => {
    context.emit(event);
    if (open) renderer.handle(event);
  };
  const close = (): void => {
    if (open) renderer.close();
    open = false;
  };
  return { context: { ...context, emit }, [Symbol.dispose]: close };
}
