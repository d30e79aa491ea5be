import { createJsonRenderer } from "./json.ts";
import { createPlainRenderer } from "./plain.ts";
import type { Renderer, RendererOptions } from "./renderer.ts";
import { createTerminalRenderer } from "./terminal.ts";

/** How a run is shown: `auto` is the live view on a terminal outside of CI, else plain lines. */
export type ProgressMode = "auto" | "plain" | "tty" | "json" | "quiet";

/** How a renderer is chosen, and how it writes. */
export interface CreateRendererOptions extends RendererOptions {
  /** Where `CI` and `TERM` are read for `auto`. Default empty: only what the stream is decides. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Creates the renderer for a mode. `tty` on anything but a terminal writes plain lines. */
export function createRenderer(mode: ProgressMode, options: CreateRendererOptions): Renderer {
  switch (mode) {
    case "auto":
      return isInteractive(options) ? createTerminalRenderer(options) : createPlainRenderer(options);
    case "tty":
      return createTerminalRenderer(options);
    case "plain":
      return createPlainRenderer(options);
    case "json":
      return createJsonRenderer(options);
    case "quiet":
      return { handle: () => undefined, close: () => undefined };
  }
}

function isInteractive({ stream, environment = {} }: CreateRendererOptions): boolean {
  const ci = environment.CI ?? "";
  return stream.isTTY === true && environment.TERM !== "dumb" && (ci === "" || ci === "false" || ci === "0");
}
