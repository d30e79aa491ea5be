import { formatPlatform, type Platform } from "../../core/platform.ts";
import type { DockerfileOptions } from "../../pkg/dockerfile-options.ts";
import type { RemoteContext } from "../../pkg/remote-context.ts";
import { formatInputDigests, type InputDigests, inputDigests, inputsDigest } from "../../plan/inputs.ts";
import { contextStates } from "../facade/named-contexts.ts";
import { memberInputs, type UntaggedInput } from "./member-inputs.ts";
import { type InputsOptions, recipeInputs } from "./recipe-inputs.ts";
import type { TaggedPackage } from "./tagging.ts";

/**
 * The digest of what goes into a platform's image without being covered by its tag: what was given in code, and what the
 * recipe comes to. Undefined for a package that its tree describes whole.
 */
async function recordedInputs(
  tagged: TaggedPackage,
  platform: Platform,
  options: InputsOptions,
): Promise<string | undefined> {
  return inputsDigest(await packageInputs(tagged, platform, options));
}

/** What an image's annotations say of what it is made from. */
export interface ImageInputs {
  /** {@link recordedInputs} */
  readonly digest?: string;
  /** Each of them, and with a tag that covers all inputs those, too. Undefined where there is nothing besides the tree. */
  readonly digests?: string;
}

/** What is recorded with a platform's image of what it is made from. */
export async function imageInputs(
  tagged: TaggedPackage,
  platform: Platform,
  options: InputsOptions,
): Promise<ImageInputs> {
  const members = await packageInputs(tagged, platform, options);
  const digest = inputsDigest(members);
  if (digest === undefined && tagged.inputs === undefined) return {};
  const digests = formatInputDigests(inputDigests(inputsOf(tagged, platform, members), digest ?? ""));
  return { digests, ...(digest === undefined ? {} : { digest }) };
}

/** What goes into a platform's image, to be held against what an image has recorded. */
export interface ComparableInputs {
  /** {@link recordedInputs} */
  readonly digest: string | undefined;
  /** The digests of the inputs in the form that an image has recorded its own. */
  digestsLike(recorded: { readonly salt: string; readonly like: InputDigests }): InputDigests;
}

/** Works out what goes into a platform's image, once for all that is compared. */
export async function comparableInputs(
  tagged: TaggedPackage,
  platform: Platform,
  options: InputsOptions,
): Promise<ComparableInputs> {
  const members = await packageInputs(tagged, platform, options);
  return {
    digest: inputsDigest(members),
    digestsLike: ({ salt, like }) => inputDigests(inputsOf(tagged, platform, members), salt, like),
  };
}

/** Files are for git to compare. */
function inputsOf(
  { inputs }: TaggedPackage,
  platform: Platform,
  members: Readonly<Record<string, unknown>>,
): readonly UntaggedInput[] {
  if (inputs === undefined) return Object.entries(members).flatMap(memberInputs);
  const text = formatPlatform(platform);
  return inputs.filter((input) => input.kind !== "tree" && (input.platform ?? text) === text);
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
      ? { frontend: source.frontend, remote: placeless(source.remote), dockerfileOptions: shaping(source.options) }
      : {}),
    ...(await recipeInputs(tagged, platform, { ...options, inputsOf: recordedInputs })),
  };
}

/** Without where a file lies: its address says what it holds. */
function placeless(remote: RemoteContext | undefined): Omit<RemoteContext, "file"> | undefined {
  if (remote === undefined) return undefined;
  const { file: _place, ...rest } = remote;
  return rest;
}

/** Without those that say how it is built rather than what comes out. */
function shaping(options: DockerfileOptions = {}): DockerfileOptions {
  const { resources: _, cgroupParent: _parent, noCacheFilter: _stages, gitAdvice: _advice, ...rest } = options;
  return rest;
}
