import type { Platform } from "../../core/platform.ts";
import type { DockerfileOptions } from "../../pkg/dockerfile-options.ts";
import { inputsDigest } from "../../plan/inputs.ts";
import { contextStates } from "../facade/named-contexts.ts";
import { type InputsOptions, recipeInputs } from "./recipe-inputs.ts";
import type { TaggedPackage } from "./tagging.ts";

/**
 * The digest of what goes into a platform's image without being covered by its tag: what was given in code, and what the
 * recipe comes to. Undefined for a package that its tree describes whole.
 */
export async function recordedInputs(
  tagged: TaggedPackage,
  platform: Platform,
  options: InputsOptions,
): Promise<string | undefined> {
  return inputsDigest(await packageInputs(tagged, platform, options));
}

/** What {@link recordedInputs} is the digest of. */
export async function packageInputs(
  tagged: TaggedPackage,
  platform: Platform,
  options: InputsOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { source, labels, annotations, configLabel, buildArgs, reproducible } = tagged.package;
  const { target, dockerfile, ignoreFiles, network, config, gitrepo } = tagged.spec.overrides;
  const contexts = await contextStates(tagged.package, options);
  const fromCode = tagged.package.origin.loader !== "build.yml";
  return {
    ...{ target, dockerfile, ignoreFiles, network, config, gitrepo, labels, annotations, contexts, reproducible },
    buildArgs: Object.fromEntries(buildArgs.filter((arg) => !arg.inTree).map((arg) => [arg.name, arg.value])),
    ...(fromCode ? { configLabel } : {}),
    ...(source.kind === "dockerfile"
      ? { frontend: source.frontend, remote: source.remote, dockerfileOptions: shaping(source.options) }
      : {}),
    ...(await recipeInputs(tagged, platform, { ...options, inputsOf: recordedInputs })),
  };
}

/** Without those that say how it is built rather than what comes out. */
function shaping(options: DockerfileOptions = {}): DockerfileOptions {
  const { resources: _, cgroupParent: _parent, noCacheFilter: _stages, gitAdvice: _advice, ...rest } = options;
  return rest;
}
