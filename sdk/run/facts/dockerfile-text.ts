import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { formatPlatform } from "../../core/platform.ts";
import type { ExecutionOptions } from "../../loaders/dockerfile-scan.ts";
import type { PreparedNode } from "./prepared-builds.ts";

/** A Dockerfile, and what its text is read for. */
export interface DockerfileText {
  readonly text: string;
  readonly options: ExecutionOptions;
}

/**
 * The Dockerfile that a node is built from; undefined for one that has none, or whose frontend reads something else.
 *
 * @throws InputError `INPUT_SOURCE_MISSING`
 */
export async function readDockerfileText({
  tagged,
  platform,
  buildArgs,
}: Pick<PreparedNode, "tagged" | "platform" | "buildArgs">): Promise<DockerfileText | undefined> {
  const { source, directory } = tagged.package;
  if (source.kind !== "dockerfile" || source.frontend || source.remote) return undefined;
  const file = join(directory, source.dockerfile);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new InputError("INPUT_SOURCE_MISSING", `the Dockerfile ${file} cannot be read`, {
      cause,
      hint: "Its name counts from the package's directory; `dockerfile` in build.yml or .dockerfile(…) sets another.",
    });
  });
  const args = {
    ...buildArgs,
    TARGETOS: platform.os,
    TARGETARCH: platform.architecture,
    TARGETPLATFORM: formatPlatform(platform),
  };
  return { text, options: { args, ...(source.target === undefined ? {} : { target: source.target }) } };
}
