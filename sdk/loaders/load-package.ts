import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InputError } from "../core/errors.ts";
import { lazy } from "../core/lazy.ts";
import { PACKAGE_DEFAULTS } from "../pkg/create-package.ts";
import type { Package } from "../pkg/package.ts";
import type { LoadOptions } from "./load-options.ts";

/** A package file above this size is refused: it is none. */
export const MAX_BUILD_YML_BYTES: number = 256 * 1024;

const loaders = { buildYml: lazy(() => import("./build-yml.ts")), dockerfile: lazy(() => import("./dockerfile.ts")) };

/**
 * Loads the package in a directory by what lies there: its build.yml, else its Dockerfile.
 *
 * @param directory relative to the working directory, or absolute
 * @throws InputError `INPUT_PACKAGE_NOT_FOUND`, and what the loader of the file throws
 */
export async function loadPackage(directory: string, options: LoadOptions = {}): Promise<Package> {
  options.signal?.throwIfAborted();
  const root = resolve(directory);
  const hash = absoluteHashPath(options);
  const file = join(root, options.buildYml ?? "build.yml");
  const buildYml = await stat(file).catch(() => undefined);
  if (buildYml?.isFile()) {
    if (buildYml.size > MAX_BUILD_YML_BYTES) throw tooLarge(file, buildYml.size);
    const text = await readFile(file, { encoding: "utf8", signal: options.signal });
    const { parseBuildYml } = await loaders.buildYml();
    return parseBuildYml(text, { file, directory: root }, { ...options, ...hash });
  }
  const dockerfile = join(root, options.dockerfile ?? PACKAGE_DEFAULTS.dockerfile);
  const found = options.buildYml === undefined && (await stat(dockerfile).catch(() => undefined))?.isFile();
  if (!found) throw await notFound(root, options.buildYml === undefined ? [file, dockerfile] : [file]);
  const { dockerfilePackage } = await loaders.dockerfile();
  return dockerfilePackage(root, { ...options, ...hash });
}

function absoluteHashPath({ hash }: LoadOptions): Pick<LoadOptions, "hash"> {
  return hash?.hashPath ? { hash: { ...hash, hashPath: resolve(hash.hashPath) } } : {};
}

async function notFound(root: string, looked: readonly string[]): Promise<InputError> {
  const exists = (await stat(root).catch(() => undefined))?.isDirectory() ?? false;
  const message = exists
    ? `${root} holds no package: there is no ${looked.join(" and no ")}`
    : `there is no directory ${root}`;
  return new InputError("INPUT_PACKAGE_NOT_FOUND", message, {
    hint: exists ? "A package has a build.yml or a Dockerfile." : "Paths count from the working directory.",
    details: { directory: root, looked: [...looked] },
  });
}

function tooLarge(file: string, sizeBytes: number): InputError {
  return new InputError("INPUT_YAML_INVALID", `the file has ${sizeBytes} bytes, more than a build.yml may have`, {
    location: { file, line: 1, column: 1 },
    hint: `The limit is ${MAX_BUILD_YML_BYTES} bytes.`,
    details: { sizeBytes, limitBytes: MAX_BUILD_YML_BYTES },
  });
}
