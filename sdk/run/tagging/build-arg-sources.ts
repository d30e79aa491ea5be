import { dirname, isAbsolute, join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { PlanError } from "../../core/errors.ts";
import { readGitFacts } from "../../git/facts.ts";
import { loadPackage } from "../../loaders/load-package.ts";
import { expandPackageGlob } from "../../loaders/package-glob.ts";
import { imageName } from "../../pkg/name.ts";
import type { BuildArg, Package } from "../../pkg/package.ts";
import { tagPackage } from "../../plan/tag.ts";

const PREFIX = "@lkt:";

/**
 * The values of a package's build arguments, with those computed that name a source: `@lkt:pkg:PATH` is the reference
 * of another package, `NAME_%=@lkt:pkgs:GLOB` one argument for each that matches.
 *
 * @throws PlanError `PLAN_BUILD_ARG_UNKNOWN` for a source that does not exist or finds nothing
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3/docs/packages.md
 */
export async function resolveBuildArgs(
  pkg: Package,
  options: Abortable = {},
): Promise<Readonly<Record<string, string>>> {
  const resolved: Record<string, string> = {};
  for (const arg of pkg.buildArgs) Object.assign(resolved, await resolveArg(pkg, arg, options));
  return Object.freeze(resolved);
}

async function resolveArg(pkg: Package, arg: BuildArg, options: Abortable): Promise<Record<string, string>> {
  if (!arg.value.startsWith(PREFIX)) return { [arg.name]: arg.value };
  const [, kind, target = ""] = /^@lkt:([^:]*):?(.*)$/s.exec(arg.value) ?? [];
  const anchor = arg.location ? dirname(arg.location.file) : pkg.directory;
  const path = isAbsolute(target) ? target : join(anchor, target);
  if (kind === "pkg") {
    const [reference] = await referencesOf([path], options);
    return { [arg.name]: reference?.short ?? "" };
  }
  if (kind === "pkgs") return await resolveMany(arg, path, options);
  throw unknownSource(arg, `"${arg.value}" is not a source of build args`, "Use @lkt:pkg:PATH or @lkt:pkgs:GLOB.");
}

async function resolveMany(arg: BuildArg, pattern: string, options: Abortable): Promise<Record<string, string>> {
  if (!arg.name.includes("%")) {
    throw unknownSource(
      arg,
      `${arg.name} has no % to stand for the packages of ${arg.value}`,
      `Name it ${arg.name}_%.`,
    );
  }
  const directories = await expandPackageGlob(pattern, options);
  if (directories.length === 0) {
    throw unknownSource(
      arg,
      `${arg.value} matches no package`,
      "Check the pattern; it counts from the file's directory.",
    );
  }
  const references = await referencesOf(directories, options);
  return Object.fromEntries(references.map(({ name, short }) => [expandName(arg.name, name), short]));
}

function expandName(template: string, image: string): string {
  return template.replaceAll("%", image.replace(/[/-]/g, "_").toUpperCase());
}

async function referencesOf(
  directories: readonly string[],
  options: Abortable,
): Promise<readonly { readonly name: string; readonly short: string }[]> {
  const packages = await Promise.all(directories.map((directory) => loadPackage(directory, options)));
  const facts = await readGitFacts(packages, options);
  return packages.map((pkg) => {
    const git = facts.get(pkg) ?? { inGit: false, extraTreeHashes: [], dirty: false };
    return { name: imageName(pkg), short: tagPackage(pkg, git).shortReference };
  });
}

function unknownSource(arg: BuildArg, message: string, hint: string): PlanError {
  return new PlanError("PLAN_BUILD_ARG_UNKNOWN", `build arg ${arg.name}: ${message}`, {
    hint,
    details: { name: arg.name, value: arg.value },
    ...(arg.location ? { location: arg.location } : {}),
  });
}
