import { RegistryError } from "../../core/errors.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import { changedFiles } from "../../git/changed-files.ts";
import type { ContentReader } from "../../oci/model/content.ts";
import { parseImageConfig } from "../../oci/model/image-config.ts";
import { parseManifest } from "../../oci/model/manifest.ts";
import { expandReference, formatReference, parseReference, type Reference } from "../../oci/model/reference.ts";
import type { StoredImage } from "../../plan/plan.ts";
import type { VerbOptions } from "../facade/options.ts";
import type { PackageSpec } from "../facade/package-spec.ts";
import { findCached, findPublished } from "../facts/stored-images.ts";
import { createStores, type Stores } from "../stores.ts";
import { recordedInputs } from "./recorded-inputs.ts";
import { onlyTagged, type TaggedPackage } from "./tagging.ts";

/** One thing in which an image that exists is another than the one that would be built now. */
export interface TagDifference {
  /**
   * `file`: a file that changed since the image's commit; `commit`: that commit, where its files cannot be compared;
   * `inputs`: what was given besides the tree; `label`: a label of the image.
   */
  readonly kind: "tag" | "commit" | "file" | "inputs" | "label";
  readonly name: string;
  /** What the image has; absent where it has none. */
  readonly theirs?: string;
  /** What a build would give it now. */
  readonly ours?: string;
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
  const { image, platform, reader } = await findImage(name, tagged.package.platforms, stores, signal);
  const labels = await labelsOf(image, reader, signal);
  const inputs = await recordedInputs(tagged, platform, { signal, tagOf: onlyTagged });
  return Object.freeze([
    ...difference("tag", "tag", name.tag, tagged.tag),
    ...(await treeDifferences(tagged, labels[REVISION], signal)),
    ...difference("inputs", formatPlatform(platform), image.inputs, inputs),
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
  const cached = await findCached(cache, full, signal);
  for (const platform of platforms) {
    const image = cached.get(formatPlatform(platform));
    if (image) return { image, platform, reader: cache };
  }
  const published = await findPublished(stores.reader(), full, signal);
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

async function labelsOf({ descriptor }: StoredImage, reader: ContentReader, signal: AbortSignal) {
  const { digest, mediaType } = descriptor;
  const manifest = parseManifest(await reader.readBlob(descriptor, { signal }), { origin: digest, mediaType });
  const config = await reader.readBlob(manifest.config, { signal });
  return parseImageConfig(config, manifest.config.digest).config.labels;
}

async function treeDifferences(
  { package: pkg, git }: TaggedPackage,
  theirs: string | undefined,
  signal: AbortSignal,
): Promise<readonly TagDifference[]> {
  if (!git.inGit || theirs === undefined) return difference("commit", "commit", theirs, git.revision);
  const directories = [pkg.hash.hashPath ?? pkg.directory, ...pkg.extraSources.map(({ directory }) => directory)];
  const files = await changedFiles(directories, theirs, { signal });
  if (files === undefined) return difference("commit", "commit", theirs, git.revision);
  return files.map((name) => ({ kind: "file", name }));
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
