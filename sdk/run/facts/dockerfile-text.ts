import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import type { Package } from "../../pkg/package.ts";

/**
 * The text of a package's Dockerfile; undefined for one that has none, or whose frontend reads something else.
 *
 * @throws InputError `INPUT_SOURCE_MISSING`
 */
export async function readDockerfileText({ source, directory }: Package): Promise<string | undefined> {
  if (source.kind !== "dockerfile" || source.frontend || source.remote) return undefined;
  const file = join(directory, source.dockerfile);
  return await readFile(file, "utf8").catch((cause: unknown) => {
    throw new InputError("INPUT_SOURCE_MISSING", `the Dockerfile ${file} cannot be read`, {
      cause,
      hint: "Its name counts from the package's directory; `dockerfile` in build.yml or .dockerfile(…) sets another.",
    });
  });
}
