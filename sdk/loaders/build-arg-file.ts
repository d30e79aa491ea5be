import { readFile } from "node:fs/promises";
import { resolve, sep } from "node:path";
import type { Abortable } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";
import { parseBuildArg } from "../pkg/build-args.ts";
import type { BuildArg, Package } from "../pkg/package.ts";

/**
 * The package with the arguments of files over its own; the later file wins. A line is `NAME=VALUE`, without blanks
 * around the two; empty lines and those that begin with `#` are left out. Files that lie in the directory that the tag
 * is made from are part of the tree, as arguments of build.yml are.
 *
 * @throws InputError `INPUT_SOURCE_MISSING`, `INPUT_OPTION_INVALID`
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3a11fc20b459195294a7d8980cbca4195b/docs/packages.md
 */
export async function withBuildArgFiles(
  pkg: Package,
  files: readonly string[] = [],
  { signal }: Abortable = {},
): Promise<Package> {
  let buildArgs = pkg.buildArgs;
  for (const file of files) {
    const added = parseLines(await readText(file, signal), file, isInTree(pkg, file));
    const names = new Set(added.map(({ name }) => name));
    buildArgs = [...buildArgs.filter(({ name }) => !names.has(name)), ...added];
  }
  return buildArgs === pkg.buildArgs ? pkg : Object.freeze({ ...pkg, buildArgs: Object.freeze(buildArgs) });
}

async function readText(file: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await readFile(file, { encoding: "utf8", signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new InputError("INPUT_SOURCE_MISSING", `the file of build arguments ${file} cannot be read`, {
      cause,
      hint: "Relative names count from the working directory.",
      location: { file },
    });
  }
}

function parseLines(text: string, file: string, inTree: boolean): readonly BuildArg[] {
  return text.split("\n").flatMap((line, index) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    const arg = parseBuildArg(trimmed, { inTree, location: { file, line: index + 1, column: 1 } });
    return { ...arg, name: arg.name.trim(), value: arg.value.trim() };
  });
}

function isInTree({ directory, hash }: Package, file: string): boolean {
  return resolve(file).startsWith(`${hash.hashPath ?? directory}${sep}`);
}
