import type { Platform } from "../core/platform.ts";
import { callForFingerprint, recipeFingerprint } from "../lower/recipe.ts";
import type { DockerfileOptions } from "../pkg/dockerfile-options.ts";
import { inputsDigest } from "../plan/inputs.ts";
import { createStep } from "./build-steps.ts";
import type { TaggedPackage } from "./tagging.ts";

/**
 * The digest of what goes into a platform's image without being covered by its tag: what was given in code, and what the
 * recipe comes to. Undefined for a package that its tree describes whole.
 */
export function recordedInputs(
  tagged: TaggedPackage,
  platform: Platform,
  contexts: Readonly<Record<string, string>> = {},
): string | undefined {
  const { source, labels, annotations, configLabel, buildArgs, reproducible } = tagged.package;
  const { target, dockerfile, ignoreFiles, network, config, gitrepo } = tagged.spec.overrides;
  const fromCode = tagged.package.origin.loader !== "build.yml";
  return inputsDigest({
    ...{ target, dockerfile, ignoreFiles, network, config, gitrepo, labels, annotations, contexts, reproducible },
    buildArgs: Object.fromEntries(buildArgs.filter((arg) => !arg.inTree).map((arg) => [arg.name, arg.value])),
    ...(fromCode ? { configLabel } : {}),
    ...(source.kind === "dockerfile" ? { frontend: source.frontend, dockerfileOptions: shaping(source.options) } : {}),
    ...(source.kind === "recipe" ? { recipe: fingerprint(tagged, platform) } : {}),
  });
}

/** Without those that say how it is built rather than what comes out. */
function shaping(options: DockerfileOptions = {}): DockerfileOptions {
  const { resources: _, cgroupParent: _parent, noCacheFilter: _stages, gitAdvice: _advice, ...rest } = options;
  return rest;
}

function fingerprint(tagged: TaggedPackage, platform: Platform): readonly string[] | undefined {
  const { source, buildArgs } = tagged.package;
  if (source.kind !== "recipe") return undefined;
  const args = Object.fromEntries(buildArgs.map((arg) => [arg.name, arg.value]));
  const place = { platform, buildPlatform: platform, sandboxNetwork: "sandbox" } as const;
  // The commit changes with every change elsewhere in the repository; the tag stands for the tree.
  const git = { inGit: false, extraTreeHashes: [], dirty: false };
  const step = createStep({ ...tagged, git }, args, place);
  return recipeFingerprint(step, callForFingerprint(step, source));
}
