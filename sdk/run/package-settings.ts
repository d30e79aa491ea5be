import type { PlatformText } from "../core/platform.ts";
import type { HashOptions, Package } from "../pkg/package.ts";
import type { EngineSelection } from "./engine-selection.ts";

/** Where a package comes from: a directory that a loader reads when the first verb is called, or a value. */
export type PackageOrigin =
  | { readonly kind: "directory"; readonly directory: string; readonly buildYml?: string }
  | { readonly kind: "value"; readonly package: Package };

/** What the fluent methods set; applied over what the loader found. */
export interface PackageOverrides {
  readonly platforms?: readonly PlatformText[];
  readonly org?: string;
  readonly image?: string;
  readonly tag?: string;
  readonly dockerfile?: string;
  readonly target?: string;
  readonly network?: boolean;
  readonly disableCache?: boolean;
  readonly gitrepo?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ignoreFiles?: boolean;
  readonly hash?: HashOptions;
}

/** All that a fluent package holds: frozen, printable, without a connection. */
export interface PackageSettings {
  readonly origin: PackageOrigin;
  readonly overrides: PackageOverrides;
  readonly engines: EngineSelection;
}

/** Where several packages come from: directories, globs over directories, or values. */
export type PackageSetMember =
  | PackageOrigin
  | { readonly kind: "glob"; readonly pattern: string; readonly buildYml?: string };

/** All that a fluent set of packages holds. */
export interface PackageSetSettings {
  readonly members: readonly PackageSetMember[];
  readonly overrides: PackageOverrides;
  readonly engines: EngineSelection;
  /** A failure does not stop the other packages. */
  readonly keepGoing: boolean;
}

/** One package as a set. */
export function setOf({ origin, overrides, engines }: PackageSettings): PackageSetSettings {
  return { members: [origin], overrides, engines, keepGoing: false };
}
