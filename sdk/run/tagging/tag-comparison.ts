import { RegistryError } from "../../core/errors.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import type { ContentReader } from "../../oci/model/content.ts";
import { parseImageConfig } from "../../oci/model/image-config.ts";
import { parseManifest } from "../../oci/model/manifest.ts";
import { expandReference, formatReference, parseReference, type Reference } from "../../oci/model/reference.ts";
import { INPUT_DIGESTS_ANNOTATION, type InputDigests, parseInputDigests } from "../../plan/inputs.ts";
import type { StoredImage } from "../../plan/plan.ts";
import type { TagInputKind } from "../../plan/tag-inputs.ts";
import type { VerbOptions } from "../facade/options.ts";
import type { PackageSpec } from "../facade/package-spec.ts";
import { findCached, findPublished } from "../facts/stored-images.ts";
import { createStores, type Stores } from "../stores.ts";
import { comparableInputs } from "./recorded-inputs.ts";
import { onlyTagged, type TaggedPackage } from "./tagging.ts";
import { treeDifferences } from "./tree-comparison.ts";

/** One thing in which an image that exists is another than the one that would be built now. */
export interface TagDifference {
  /**
   * `file`: a file of the tree, with mode and object id; `tree`: uncommitted changes; `commit`: that of the image, where its
   * files cannot be compared; `label`: a label of the image; `inputs`: what was given besides the tree, where the image
   * does not tell more; the others as in `TagInput`, told by short digests.
   */
  readonly kind: TagInputKind | "tag" | "commit" | "file" | "inputs" | "label";
  readonly name: string;
  /** What the image has; absent where it has none. */
  readonly theirs?: string;
  /** What a build would give it now. */
  readonly ours?: string;
  /** Why no more can be told, or what to do about that. */
  readonly hint?: string;
}

/** Options of `compareTag()`. */
export type TagComparisonOptions = Pick<VerbOptions, "signal" | "cacheDirectory" | "registries">;

const REVISION = "org.opencontainers.image.revision";
const CONFIG = "org.mobyproject.config";

/**
 * What makes an image that exists, in the cache or in its registry, differ from what would be built of the package now.
 * Empty where nothing does, as far as the image tells.
 *
 * @throws RegistryError `REGISTRY_NOT_FOUND` if there is no such image for a platform of the package
 */
export async function compareTag(
  spec: PackageSpec,
  reference: string,
  options: TagComparisonOptions = {},
): Promise<readonly TagDifference[]> {
  const signal = options.signal ?? new AbortController().signal;
  await using stores = createStores({ ...options, signal });
  const tagged = await onlyTagged(spec, { signal });
  const name = parseReference(expandReference(reference, { defaultTag: true }));
  const found = await findImage(name, tagged.package.platforms, stores, signal);
  const { labels, annotations } = await contentOf(found, signal);
  return Object.freeze([
    ...difference("tag", "tag", name.tag, tagged.tag),
    ...(await treeDifferences(tagged, { tag: name.tag, revision: labels[REVISION], signal })),
    ...(await inputDifferences(tagged, { ...found, annotations }, signal)),
    ...difference("label", CONFIG, labels[CONFIG], tagged.package.configLabel),
  ]);
}

interface FoundImage {
  readonly image: StoredImage;
  readonly platform: Platform;
  readonly reader: ContentReader;
}

async function findImage(
  name: Reference,
  platforms: readonly Platform[],
  stores: Stores,
  signal: AbortSignal,
): Promise<FoundImage> {
  const full = formatReference(name);
  const cache = await stores.cache();
  const cached = await findCached(cache, full, { signal });
  for (const platform of platforms) {
    const image = cached.get(formatPlatform(platform));
    if (image) return { image, platform, reader: cache };
  }
  const published = await findPublished(stores.reader(), full, { signal });
  for (const platform of platforms) {
    const answer = published.answer(platform);
    if (answer.kind === "unknown" && answer.cause instanceof Error) throw answer.cause;
    if (answer.kind === "present") return { image: answer.image, platform, reader: stores.reader().reader(name) };
  }
  throw new RegistryError(
    "REGISTRY_NOT_FOUND",
    `neither cache nor registry has ${full} for a platform of the package`,
    {
      hint: "Check the name, and that it was built for one of the package's platforms.",
    },
  );
}

async function contentOf({ image: { descriptor }, reader }: FoundImage, signal: AbortSignal) {
  const { digest, mediaType } = descriptor;
  const manifest = parseManifest(await reader.readBlob(descriptor, { signal }), { origin: digest, mediaType });
  const config = await reader.readBlob(manifest.config, { signal });
  const { labels } = parseImageConfig(config, manifest.config.digest).config;
  return { labels, annotations: manifest.annotations ?? {} };
}

interface FoundInputs extends FoundImage {
  readonly annotations: Readonly<Record<string, string>>;
}

const UNTOLD = "The image records only that they differ, not which: it was made before kitsmith told them apart.";

/** Which of the inputs besides the tree differ, as far as the image recorded them one by one. */
async function inputDifferences(
  tagged: TaggedPackage,
  { image, platform, annotations }: FoundInputs,
  signal: AbortSignal,
): Promise<readonly TagDifference[]> {
  const ours = await comparableInputs(tagged, platform, { signal, tagOf: onlyTagged });
  const recorded = parseInputDigests(annotations[INPUT_DIGESTS_ANNOTATION]);
  // An image that records nothing was made from its tree alone.
  const theirs = recorded ?? (image.inputs === undefined ? {} : undefined);
  const whole = difference("inputs", formatPlatform(platform), image.inputs, ours.digest);
  if (theirs === undefined) return whole.map((one) => ({ ...one, hint: UNTOLD }));
  const named = compareInputDigests(theirs, ours.digestsLike({ salt: image.inputs ?? "", like: theirs }));
  return named.length > 0 ? named : whole;
}

/** By kind and name; where one list is by kind alone, as it was too long, by kind. */
function compareInputDigests(theirs: InputDigests, ours: InputDigests): readonly TagDifference[] {
  return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort().flatMap((key) => {
    const [kind = "", ...name] = key.split(" ");
    return isInputKind(kind) ? difference(kind, name.join(" "), theirs[key], ours[key]) : [];
  });
}

function isInputKind(text: string): text is TagInputKind {
  return ["tree", "buildArg", "dependency", "directory", "recipe", "setting"].includes(text);
}

function difference(
  kind: TagDifference["kind"],
  name: string,
  theirs: string | undefined,
  ours: string | undefined,
): readonly TagDifference[] {
  if (theirs === ours) return [];
  return [{ kind, name, ...(theirs === undefined ? {} : { theirs }), ...(ours === undefined ? {} : { ours }) }];
}
