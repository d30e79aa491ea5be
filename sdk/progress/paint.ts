import { styleText } from "node:util";
import type { ProgressStream } from "./renderer.ts";

/** The looks that progress and errors use. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Gives text a look, or gives it back as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string;

/** For text that goes nowhere in particular. */
export const plainPaint: Paint = (_style, text) => text;

/** Colours as the stream can show them; NO_COLOR, NODE_DISABLE_COLORS and FORCE_COLOR are honoured by Node. */
export function createPaint(stream: ProgressStream): Paint {
  return (style, text) => (text === "" ? "" : styleText(style, text, { stream }));
}

/** True if a paint colours. */
export function hasColors(paint: Paint): boolean {
  return paint("bold", "x") !== "x";
}
