import { drawFrame } from "./frame.ts";
import { describeMilestone } from "./milestone.ts";
import { createPaint } from "./paint.ts";
import { createPlainRenderer, formatMessage } from "./plain.ts";
import { reduceRun } from "./reducer.ts";
import type { Renderer, RendererOptions } from "./renderer.ts";
import { INITIAL_RUN_STATE } from "./run-state.ts";

const FRAME_INTERVAL_MS = 100;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
const ERASE_TO_LINE_END = "\u001b[K";
const ERASE_BELOW = "\u001b[J";

/**
 * A live view at the bottom of a terminal; what stays (notices, ends of nodes, images) scrolls above it.
 * On anything but a terminal: plain lines.
 *
 * The cursor is never hidden and rests below the view between two drawings, and each drawing is one write: however the
 * process ends, a kill included, there is nothing to restore.
 */
export function createTerminalRenderer(options: RendererOptions): Renderer {
  const { stream } = options;
  if (stream.isTTY !== true) return createPlainRenderer(options);
  const paint = createPaint(stream);
  const now = options.now ?? Date.now;
  let state = INITIAL_RUN_STATE;
  let above = "";
  let drawnLines = 0;
  let closed = false;

  const draw = (): void => {
    const columns = (options.columns ?? stream.columns ?? DEFAULT_COLUMNS) - 1;
    const rows = Math.max(1, (stream.rows ?? DEFAULT_ROWS) - 2);
    const frame = closed || state.status !== "running" ? [] : drawFrame(state, { nowMs: now(), columns, rows, paint });
    const home = drawnLines === 0 ? "" : `\u001b[${drawnLines}A`;
    const kept = above.replaceAll("\n", `${ERASE_TO_LINE_END}\n`);
    const text = `${kept}${frame.map((line) => `${line}${ERASE_TO_LINE_END}\n`).join("")}`;
    if (text !== "" || home !== "") stream.write(`${home}${text}${ERASE_BELOW}`);
    above = "";
    drawnLines = frame.length;
  };

  const timer = setInterval(draw, FRAME_INTERVAL_MS);
  timer.unref();
  return {
    handle: (event) => {
      if (closed) return;
      state = reduceRun(state, event);
      const milestone = describeMilestone(event, state);
      if (milestone !== undefined) above += formatMessage(milestone, state, paint);
      if (event.type === "run.finished") draw();
    },
    close: () => {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      draw();
    },
  };
}
