import { basename } from "node:path";
import { deepFreeze } from "../core/freeze.ts";
import { createPackage, hashOptionsOf, PACKAGE_DEFAULTS } from "../pkg/create-package.ts";
import type { Package } from "../pkg/package.ts";
import { type LoadOptions, organisation } from "./load-options.ts";

/**
 * The package that a directory with only a Dockerfile is: named like the directory, with LinuxKit's defaults for the
 * rest; `.dockerignore` is honoured, as `docker build` does there.
 *
 * @param directory absolute
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function dockerfilePackage(directory: string, options: LoadOptions = {}): Package {
  const dockerfile = options.dockerfile ?? PACKAGE_DEFAULTS.dockerfile;
  const pkg = createPackage({
    directory,
    image: basename(directory).toLowerCase(),
    org: organisation(PACKAGE_DEFAULTS.org, options),
    dockerfile,
    network: options.network ?? false,
    disableCache: options.disableCache ?? false,
    ...(options.tag ? { tag: options.tag } : {}),
    hash: hashOptionsOf(options.hash ?? {}, directory),
  });
  return deepFreeze({ ...pkg, origin: { loader: "dockerfile", file: `${directory}/${dockerfile}` } });
}
