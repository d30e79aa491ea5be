import type { Renderer, RendererOptions } from "./renderer.ts";

/** DEL and the C1 controls: JSON lets them stand, but some terminals act on them. */
const CONTROLS = /[\u007f-\u009f]/gu;

/** Writes each event as one line of JSON, for programs. */
export function createJsonRenderer({ stream }: RendererOptions): Renderer {
  return {
    handle: (event) => {
      const text = JSON.stringify(event).replace(
        CONTROLS,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
      stream.write(`${text}\n`);
    },
    close: () => undefined,
  };
}
