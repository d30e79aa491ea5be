import { canonicalJson } from "../../core/json.ts";
import { formatPlatform, type PlatformText } from "../../core/platform.ts";
import type { TagInput } from "../../plan/tag-inputs.ts";
import { resolveBuildArgs } from "./build-arg-sources.ts";
import { memberInputs, type UntaggedInput } from "./member-inputs.ts";
import type { InputsOptions } from "./recipe-inputs.ts";
import { packageInputs } from "./recorded-inputs.ts";
import type { TaggedPackage } from "./tagging.ts";

/**
 * All that goes into a package's images, on every platform that it names, as far as that can be told without an engine.
 *
 * @throws PlanError `PLAN_CYCLE`, `PLAN_BUILD_ARG_UNKNOWN`
 */
export async function gatherTagInputs(tagged: TaggedPackage, options: InputsOptions): Promise<readonly TagInput[]> {
  const inTag = tagged.package.transitive === true;
  const platforms = await Promise.all(
    tagged.package.platforms.map(async (platform) => {
      const { buildArgs: _fromCode, ...inputs } = await packageInputs(tagged, platform, options);
      return { platform: formatPlatform(platform), inputs: Object.entries(inputs).flatMap(memberInputs) };
    }),
  );
  return [
    ...treeInputs(tagged),
    ...(await buildArgInputs(tagged, options)),
    ...mergePlatforms(platforms).map((input) => ({ ...input, inTag })),
    ...attestInput(tagged),
  ];
}

function treeInputs({ package: pkg, git, hash }: TaggedPackage): readonly TagInput[] {
  const tree = (name: string, value: string | undefined): readonly TagInput[] =>
    value === undefined || value === "" ? [] : [{ kind: "tree", name, value, inTag: true }];
  if (pkg.hash.hash) return tree("hash", hash);
  return [
    ...tree(".", git.treeHash),
    ...pkg.extraSources.flatMap(({ destination }, index) => tree(destination || "/", git.extraTreeHashes[index])),
    ...tree("uncommitted", git.contentHash),
  ];
}

/** An argument of build.yml is covered by the tree, but not what it resolves to. */
async function buildArgInputs({ package: pkg }: TaggedPackage, options: InputsOptions): Promise<readonly TagInput[]> {
  const resolved = await resolveBuildArgs(pkg, options);
  const covered = new Set(
    pkg.buildArgs.filter(({ inTree, value }) => inTree && !value.startsWith("@lkt:")).map(({ name }) => name),
  );
  return Object.entries(resolved).map(([name, value]) => ({
    kind: "buildArg",
    name,
    value,
    inTag: pkg.transitive === true || covered.has(name),
  }));
}

function attestInput({ package: { attest, transitive } }: TaggedPackage): readonly TagInput[] {
  const { keepStored: _ofNoImage, ...settings } = attest ?? {};
  if (Object.keys(settings).length === 0) return [];
  return [{ kind: "setting", name: "attest", value: canonicalJson(settings), inTag: transitive === true }];
}

/** What all platforms have alike stands there once. */
function mergePlatforms(
  platforms: readonly { readonly platform: PlatformText; readonly inputs: readonly UntaggedInput[] }[],
): readonly UntaggedInput[] {
  const places = new Map<string, { readonly input: UntaggedInput; readonly platforms: PlatformText[] }>();
  for (const { platform, inputs } of platforms) {
    for (const input of inputs) {
      const key = JSON.stringify([input.kind, input.name, input.value]);
      const known = places.get(key);
      if (known === undefined) places.set(key, { input, platforms: [platform] });
      else known.platforms.push(platform);
    }
  }
  return [...places.values()].flatMap(({ input, platforms: having }) =>
    having.length === platforms.length ? [input] : having.map((platform) => ({ ...input, platform })),
  );
}
