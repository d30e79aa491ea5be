import { InputError } from "../core/errors.ts";
import type { Flags, Invocation } from "./command.ts";

/** Flags of every command, as the LinuxKit CLI has them. */
export const GLOBAL_FLAGS: Flags = {
  help: { kind: "boolean", short: "h", help: "show help" },
  cache: {
    kind: "text",
    value: "DIR",
    help: "OCI cache directory, before LINUXKIT_CACHE",
    default: "~/.linuxkit/cache",
  },
  mirror: {
    kind: "list",
    value: "[REGISTRY=]URL",
    help: "where images are read instead of a registry, or of all of them; over those of LINUXKIT_MIRROR",
  },
  "cert-file": { kind: "list", value: "FILE", help: "certificates to trust besides the system's, PEM" },
  quiet: { kind: "boolean", short: "q", help: "show errors only" },
  verbose: {
    kind: "number",
    short: "v",
    value: "N",
    help: "0 errors, 1 information, 2 and 3 also causes and stacks of errors",
    default: "1",
  },
};

/**
 * How much is shown, 0 to 3.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function verbosity(invocation: Invocation): number {
  const given = invocation.text("verbose");
  const quiet = invocation.boolean("quiet") ?? false;
  if (given === undefined) return quiet ? 0 : 1;
  if (!/^[0-3]$/.test(given)) throw invalid(`--verbose takes 0, 1, 2 or 3, not "${given}"`);
  if (quiet && given !== "0") throw invalid("--quiet and --verbose cannot be given together");
  return Number(given);
}

function invalid(message: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", message);
}
