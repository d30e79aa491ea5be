import { createRenderer, type ProgressMode } from "../progress/create-renderer.ts";
import type { RunEvent } from "../progress/event.ts";

/** Shows a run on stderr while it goes on. Watching does not count as looking at its failure. */
export function showRun(run: { watch(): AsyncIterable<RunEvent> }, mode: ProgressMode): void {
  if (mode === "quiet") return;
  const renderer = createRenderer(mode, { stream: process.stderr, environment: process.env });
  void (async () => {
    try {
      for await (const event of run.watch()) renderer.handle(event);
    } finally {
      renderer.close();
    }
  })();
}
