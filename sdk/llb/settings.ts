import type { Platform } from "../core/platform.ts";
import type { ExtraHost, NetworkMode, SecurityMode, Ulimit } from "./op.ts";
import { joinPath } from "./path.ts";
import type { BaseVertex } from "./vertex.ts";

/** A working directory: absolute, or relative to that of the base image, which is known only later. */
export interface Directory {
  readonly image: BaseVertex | undefined;
  readonly path: string;
}

/** How the next processes of a state run; what a value leaves open, the base image's config fills. */
export interface Settings {
  readonly image: BaseVertex | undefined;
  /** Names and values; a name that is set again stands at its latest place. */
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly directory: Directory;
  readonly platform?: Platform;
  readonly user?: string;
  readonly hostname?: string;
  readonly network?: NetworkMode;
  readonly security?: SecurityMode;
  readonly extraHosts?: readonly ExtraHost[];
  readonly ulimits?: readonly Ulimit[];
  readonly cgroupParent?: string;
  readonly validExitCodes?: readonly number[];
}

const ROOT: Directory = Object.freeze({ image: undefined, path: "/" });

/** The settings of a fresh state: the root as working directory, nothing else. */
export const EMPTY_SETTINGS: Settings = Object.freeze({ image: undefined, env: Object.freeze([]), directory: ROOT });

/** Settings that start from an image's config. */
export function imageSettings(image: BaseVertex): Settings {
  return Object.freeze({ image, env: EMPTY_SETTINGS.env, directory: Object.freeze({ image, path: "" }) });
}

/** The settings with some members replaced. */
export function withSettings(settings: Settings, change: Partial<Settings>): Settings {
  return Object.freeze({ ...settings, ...change });
}

/** The settings with variables added; a name that was there moves to the end. */
export function withEnv(settings: Settings, entries: readonly (readonly [string, string])[]): Settings {
  if (entries.length === 0) return settings;
  return withSettings(settings, { env: mergeEnv(settings.env, entries) });
}

/** Two lists of variables as one: names that come again stand at their latest place, with their latest value. */
export function mergeEnv(
  first: readonly (readonly [string, string])[],
  second: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const merged = new Map(first);
  for (const [name, value] of second) {
    merged.delete(name);
    merged.set(name, value);
  }
  return Object.freeze([...merged].map((entry) => Object.freeze(entry)));
}

/** The settings with another working directory; a relative one starts at the present one. */
export function withDirectory(settings: Settings, path: string): Settings {
  const { directory } = settings;
  const next = path.startsWith("/")
    ? { image: undefined, path }
    : { image: directory.image, path: joinPath(directory.path, path) };
  return withSettings(settings, { directory: Object.freeze(next) });
}
