import type { Abortable } from "../core/abort.ts";
import type { HashOptions } from "../pkg/package.ts";

/** How a directory is loaded; the LinuxKit CLI's flags. What is absent comes from the package. */
export interface LoadOptions extends Abortable {
  /** The file in the package's directory; default `build.yml`. If it is given, it must exist. */
  readonly buildYml?: string;
  readonly org?: string;
  readonly network?: boolean;
  readonly disableCache?: boolean;
  readonly tag?: string;
  readonly dockerfile?: string;
  /** With `dev`, the organisation is `user` and the hash is `dev`, unless they are given. */
  readonly hash?: HashOptions;
  /** Who builds with `hash.dev`; default the environment's USER. */
  readonly user?: string;
}

/** The organisation: as given, else the user's with `dev`, else the package's own. */
export function organisation(own: string, options: LoadOptions): string {
  if (options.org !== undefined) return options.org;
  return options.hash?.dev === true ? (options.user ?? process.env.USER ?? "") : own;
}
