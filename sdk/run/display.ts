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
  const emit: RunContext["emit"] = (event) => {
    context.emit(event);
    renderer.handle(event);
  };
  return { context: { ...context, emit }, [Symbol.dispose]: () => renderer.close() };
}
