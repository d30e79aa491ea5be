import { InputError } from "../core/errors.ts";
import type { ProgressMode } from "../progress/create-renderer.ts";
import type { Flags, Invocation } from "./command.ts";

/** The flag that says how progress is shown. */
export const PROGRESS_FLAG: Flags = {
  progress: { kind: "text", value: "MODE", help: "auto, plain, tty, json or quiet", default: "auto" },
};

const MODES: readonly ProgressMode[] = ["auto", "plain", "tty", "json", "quiet"];

/** How progress is shown: `--quiet` beats `--progress`, `BUILDKIT_PROGRESS` stands in where it is `auto`. */
export function progressMode(invocation: Invocation): ProgressMode {
  if (invocation.boolean("quiet")) return "quiet";
  const given = invocation.text("progress") ?? "auto";
  const asked = given === "auto" ? invocation.env.BUILDKIT_PROGRESS || "auto" : given;
  const mode = MODES.find((candidate) => candidate === asked);
  if (mode) return mode;
  throw new InputError("INPUT_OPTION_INVALID", `--progress takes ${MODES.join(", ")}, not "${asked}"`);
}
