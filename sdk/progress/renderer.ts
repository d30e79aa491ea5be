import type { RunEvent } from "./event.ts";

/** Shows a run while it goes on. */
export interface Renderer {
  /** Takes the next event. Never throws for what an event says. */
  handle(event: RunEvent): void;
  /** Writes what is still held back and gives the terminal back. Calling it again does nothing. */
  close(): void;
}

/** Where a renderer writes: a terminal, a file or a pipe. */
export type ProgressStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** How a renderer writes. */
export interface RendererOptions {
  readonly stream: ProgressStream;
  /** Width of the terminal. Default: what the stream says at each drawing, else 80. */
  readonly columns?: number;
  /** The clock of elapsed times, milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}
