import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";
import type { Package } from "../pkg/package.ts";

/**
 * Checks that the files are there which a build will ask for: the Dockerfile, and the directories of the context. A tag
 * can be shown without them.
 *
 * @throws InputError `INPUT_SOURCE_MISSING`
 */
export async function checkPackageFiles(pkg: Package, options: Abortable = {}): Promise<void> {
  options.signal?.throwIfAborted();
  const isRemote = pkg.source.kind === "dockerfile" && pkg.source.remote !== undefined;
  const own = isRemote ? [] : [pkg.directory];
  const directories = [...own, ...pkg.extraSources.map((source) => source.directory), ...contexts(pkg)];
  for (const directory of directories) {
    if (!(await stat(directory).catch(() => undefined))?.isDirectory()) throw missing(pkg, directory, "the directory");
  }
  // What another frontend reads is its own affair.
  if (isRemote || pkg.source.kind !== "dockerfile" || pkg.source.frontend) return;
  const dockerfile = join(pkg.directory, pkg.source.dockerfile);
  if (!(await stat(dockerfile).catch(() => undefined))?.isFile()) throw missing(pkg, dockerfile, "the Dockerfile");
}

function contexts({ source }: Package): readonly string[] {
  const named = source.kind === "dockerfile" ? Object.values(source.contexts ?? {}) : [];
  return named.flatMap((context) => (context.kind === "directory" ? [context.directory] : []));
}

function missing(pkg: Package, path: string, what: string): InputError {
  return new InputError("INPUT_SOURCE_MISSING", `${what} ${path} of the package ${pkg.image} is not there`, {
    hint: "Paths count from the package's directory.",
    details: { path, package: pkg.directory },
    ...(pkg.origin.file === undefined ? {} : { location: { file: pkg.origin.file } }),
  });
}
