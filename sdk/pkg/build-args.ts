import { InputError, type SourceLocation } from "../core/errors.ts";
import type { GitFacts } from "../core/git-facts.ts";
import { imageName } from "./name.ts";
import type { BuildArg, Package } from "./package.ts";

/**
 * Reads `K=V`; nothing is trimmed, and the first `=` separates.
 *
 * @throws InputError `INPUT_OPTION_INVALID` without `=`
 */
export function parseBuildArg(line: string, origin: { inTree: boolean; location?: SourceLocation }): BuildArg {
  const separator = line.indexOf("=");
  if (separator < 0) {
    throw new InputError("INPUT_OPTION_INVALID", `the build arg ${JSON.stringify(line)} has no value`, {
      hint: "Write NAME=VALUE.",
      ...(origin.location === undefined ? {} : { location: origin.location }),
    });
  }
  return Object.freeze({ name: line.slice(0, separator), value: line.slice(separator + 1), ...origin });
}

/**
 * The arguments that every build gets unless the user sets them: `SOURCE`, `REVISION`, `GOPKGVERSION`, `PKG_HASH` and
 * `PKG_IMAGE`, each where the LinuxKit CLI sets it.
 */
export function presetBuildArgs(
  pkg: Pick<Package, "org" | "image" | "gitrepo">,
  facts: GitFacts,
  hash: string,
): Readonly<Record<string, string>> {
  return Object.freeze({
    ...(pkg.gitrepo === "" ? {} : { SOURCE: pkg.gitrepo }),
    ...(facts.inGit && !facts.dirty && facts.revision !== undefined ? { REVISION: facts.revision } : {}),
    ...(facts.goPackageVersion === undefined ? {} : { GOPKGVERSION: facts.goPackageVersion }),
    ...(hash === "" ? {} : { PKG_HASH: hash }),
    PKG_IMAGE: imageName(pkg),
  });
}
