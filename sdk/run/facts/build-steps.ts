import type { Platform } from "../../core/platform.ts";
import { formatPlatform } from "../../core/platform.ts";
import { REVISION, VERSION } from "../../core/version.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import { presetBuildArgs } from "../../pkg/build-args.ts";
import { imageLabels } from "../../pkg/image-labels.ts";
import type { TaggedPackage } from "../tagging/tagging.ts";

/** Where a step is built. */
export interface StepPlace {
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  readonly sandboxNetwork: "sandbox" | "host";
}

/** Puts together what lowering needs for one platform; a user's build arg beats a preset one. */
export function createStep(
  tagged: TaggedPackage,
  userArgs: Readonly<Record<string, string>>,
  place: StepPlace,
): BuildStep {
  return {
    title: `${tagged.name} ${formatPlatform(place.platform)}`,
    package: tagged.package,
    ...place,
    buildArgs: {
      ...presetBuildArgs(tagged.package, tagged.git, tagged.hash),
      ...epochArg(tagged.package),
      ...userArgs,
    },
    labels: imageLabels(tagged.package, tagged.git, { version: VERSION, revision: REVISION }),
  };
}

/** What tools and frontends that know it take for the time. */
function epochArg({ reproducible }: TaggedPackage["package"]): Readonly<Record<string, string>> {
  return reproducible === undefined ? {} : { SOURCE_DATE_EPOCH: String(reproducible.epochSeconds) };
}
