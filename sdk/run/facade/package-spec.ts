import type { Package } from "../../pkg/package.ts";
import type { PackageSettings } from "../../pkg/settings.ts";
import type { Check } from "../build/checks.ts";
import type { CacheSettings } from "../build-cache/settings.ts";
import { type EngineSelection, LOCAL_ENGINES } from "../engines/engine-selection.ts";
import type { SecretSource } from "./secret-source.ts";
import type { SshChoice } from "./ssh-agents.ts";

/** Where a package comes from: a directory that a loader reads when the first verb is called, or a value. */
export type PackageOrigin =
  | { readonly kind: "directory"; readonly directory: string; readonly buildYml?: string }
  | { readonly kind: "value"; readonly package: Package };

/** All that a fluent package holds: frozen, printable, without a connection. */
export interface PackageSpec {
  readonly origin: PackageOrigin;
  /** What the fluent methods set; applied over what the loader finds. */
  readonly overrides: PackageSettings;
  readonly engines: EngineSelection;
  /** Run on every platform that is built, in this order. */
  readonly checks: readonly Check[];
  /** What build steps may ask for, by id. No values: only where they come from. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  /** The ssh agents that build steps may talk to, by id. */
  readonly ssh: Readonly<Record<string, SshChoice>>;
  /** Caches beside the engine's own. Undefined: none. */
  readonly caches?: CacheSettings;
  /** Those of the set that the package is in: their names hold the package's, too. */
  readonly sharedCaches?: CacheSettings;
  /** Packages that the Dockerfile gets as named contexts; each is built first where it has to be. */
  readonly contextPackages: Readonly<Record<string, PackageSpec>>;
  /** Packages that come first in a run that builds them too. */
  readonly dependsOn: readonly PackageSpec[];
}

/** What nothing was set for yet. */
export function packageSpec(origin: PackageOrigin): PackageSpec {
  return {
    origin,
    overrides: {},
    engines: LOCAL_ENGINES,
    checks: [],
    secrets: {},
    ssh: {},
    contextPackages: {},
    dependsOn: [],
  };
}

/** Tells the data of a fluent package from other objects. */
export function isPackageSpec(value: object): value is PackageSpec {
  return "origin" in value && "overrides" in value && "engines" in value && "contextPackages" in value;
}

/** A member of a set: one package with its own settings, or a glob over directories. */
export type PackageSetMember =
  | { readonly kind: "package"; readonly spec: PackageSpec }
  | { readonly kind: "glob"; readonly pattern: string; readonly buildYml?: string };

/** All that a fluent set of packages holds. */
export interface PackageSetSpec {
  readonly members: readonly PackageSetMember[];
  /** Applied over what each member sets itself. */
  readonly overrides: PackageSettings;
  /** Undefined: each member's own. */
  readonly engines?: EngineSelection;
  /** Run after each member's own. */
  readonly checks: readonly Check[];
  /** Under each member's own. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  /** Under each member's own. */
  readonly ssh: Readonly<Record<string, SshChoice>>;
  /** In addition to each member's own. */
  readonly caches?: CacheSettings;
  /** A failure does not stop the other packages. */
  readonly keepGoing: boolean;
}

/** One package as a set. */
export function setOf(spec: PackageSpec): PackageSetSpec {
  return { members: [{ kind: "package", spec }], overrides: {}, checks: [], secrets: {}, ssh: {}, keepGoing: false };
}

/** Settings over settings: what the later ones name wins; build args, labels and annotations add up. */
export function mergeSettings(first: PackageSettings, second: PackageSettings): PackageSettings {
  return {
    ...first,
    ...second,
    buildArgs: { ...first.buildArgs, ...second.buildArgs },
    labels: { ...first.labels, ...second.labels },
    annotations: { ...first.annotations, ...second.annotations },
    hash: { ...first.hash, ...second.hash },
    attest: { ...first.attest, ...second.attest },
  };
}
