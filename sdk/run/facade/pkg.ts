import { resolve } from "node:path";
import {
  createPackage,
  createRemotePackage,
  type PackageInit,
  type RemotePackageInit,
} from "../../pkg/create-package.ts";
import { FluentPackage } from "./fluent-package.ts";
import { FluentPackages } from "./fluent-packages.ts";
import { type PackageSetMember, type PackageSpec, packageSpec } from "./package-spec.ts";

/** How a directory is read. */
export interface PkgOptions {
  /** Name of the package file, relative to the directory. Default `build.yml`. */
  readonly buildYml?: string;
}

/**
 * A package: of a directory, in which a loader is found by what lies there (`build.yml`, or only a `Dockerfile`), or one
 * written as code. The value is immutable and touches nothing until a verb is called.
 *
 * @throws InputError for a package written as code that is not valid
 * @example
 * ```ts
 * const init = pkg("pkg/init").platforms("linux/amd64", "linux/arm64").buildArgs({ CHANNEL: "stable" });
 * console.log(await init.tag()); // linuxkit/init:0df5…
 * ```
 */
export function pkg(source: string | PackageInit | RemotePackageInit, options: PkgOptions = {}): FluentPackage {
  return new FluentPackage(specOf(source, options));
}

/**
 * Several packages: a glob over directories (`*`, `?`, `[…]`), or a list of directories, globs and packages.
 *
 * What others wait for comes first, the longest chain ahead; all else runs at once, up to each engine's limit
 * (`engines(…, { parallel })`). Order follows from Dockerfiles, recipes, build args, contexts and `depends`, and from
 * `dependsOn()` of a package. A failure stops the run, with `keepGoing()` only what waits for what failed. `nodeTimeoutMs`
 * and `retries` hold for each platform of each package.
 *
 * @example
 * ```ts
 * const result = await pkgs("pkg/*").push();
 * for (const { reference, digest } of result.packages) console.log(reference, digest);
 * ```
 */
export function pkgs(source: string | readonly (string | FluentPackage)[], options: PkgOptions = {}): FluentPackages {
  const sources = typeof source === "string" ? [source] : source;
  return new FluentPackages({
    members: sources.map((entry) => memberOf(entry, options)),
    overrides: {},
    checks: [],
    secrets: {},
    ssh: {},
    keepGoing: false,
  });
}

function memberOf(source: string | FluentPackage, options: PkgOptions): PackageSetMember {
  if (typeof source !== "string") return { kind: "package", spec: source.spec };
  if (!/[*?[]/.test(source)) return { kind: "package", spec: specOf(source, options) };
  return { kind: "glob", pattern: resolve(source), ...options };
}

function specOf(source: string | PackageInit | RemotePackageInit, options: PkgOptions): PackageSpec {
  const origin =
    typeof source === "string"
      ? ({ kind: "directory", directory: resolve(source), ...options } as const)
      : ({
          kind: "value",
          package: "context" in source ? createRemotePackage(source) : createPackage(source),
        } as const);
  return packageSpec(origin);
}
