import type { Digest } from "../../core/digest.ts";
import { InputError } from "../../core/errors.ts";
import { readTagsAtHead } from "../../git/head.ts";
import { formatArchTag } from "../../oci/model/arch-tag.ts";
import { descriptorPlatform } from "../../oci/model/descriptor.ts";
import { isIndex, parseIndexOrManifest } from "../../oci/model/manifest.ts";
import { formatReference, parseReference, type Reference, withTag } from "../../oci/model/reference.ts";
import type { PlannedPackage } from "../../plan/plan.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import type { Destination } from "./destination.ts";

/** Under which other tags a push publishes: these, or all git tags of the commit. */
export type ReleaseTags = readonly string[] | "git-tags";

/** What a release needs to know. */
export interface ReleaseOptions {
  readonly release: ReleaseTags;
  readonly archTags: boolean;
}

/**
 * Publishes each package under its release tags, too, once it is there under its own: the same bytes, and nothing is
 * built or uploaded for it. A release tag that exists is left alone.
 */
export function withReleaseTags(
  destination: Destination,
  options: ReleaseOptions,
  stores: Stores,
  context: RunContext,
): Destination {
  return {
    ...destination,
    publish: async (planned, images) => {
      const index = await destination.publish(planned, images);
      if (index === undefined) return undefined;
      for (const tag of await releaseTagsOf(planned, options.release, context)) {
        await release(withTag(parseReference(planned.reference), tag), index, options, stores, context);
      }
      return index;
    },
  };
}

/**
 * Makes sure, before any work, that release tags are tags.
 *
 * @throws InputError `INPUT_REFERENCE_INVALID`
 */
export function assertReleaseTags(release: ReleaseTags): void {
  if (release === "git-tags") return;
  for (const tag of release) withTag({ registry: "docker.io", repository: "release" }, tag);
}

/** A git tag that cannot be an image's, such as `pkg/v1`, is none of ours. */
async function releaseTagsOf(
  { directory, reference }: PlannedPackage,
  release: ReleaseTags,
  { signal, emit }: RunContext,
): Promise<readonly string[]> {
  if (release !== "git-tags") return release;
  const tags = await readTagsAtHead(directory, signal);
  return tags.filter((tag) => {
    try {
      withTag(parseReference(reference), tag);
      return true;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      emit({ type: "notice", at: Date.now(), level: "warning", message: `git's tag ${tag} cannot be an image's tag` });
      return false;
    }
  });
}

async function release(
  target: Reference,
  digest: Digest,
  { archTags }: ReleaseOptions,
  stores: Stores,
  context: RunContext,
): Promise<void> {
  const { signal, emit } = context;
  const client = stores.registry();
  const { registry, repository } = target;
  const existing = await client.resolveManifest(target, { signal });
  if (existing !== undefined) return alreadyThere(target, existing.digest === digest, context);
  const { content, descriptor } = await client.getManifest({ registry, repository, digest }, { signal });
  const parsed = parseIndexOrManifest(content, { origin: digest, mediaType: descriptor.mediaType });
  for (const entry of archTags && isIndex(parsed) ? parsed.manifests : []) {
    const platform = descriptorPlatform(entry);
    if (platform === undefined) continue;
    const image = await client.getManifest({ registry, repository, digest: entry.digest }, { signal });
    const reference = withTag(target, formatArchTag(target.tag ?? "", platform));
    await client.putManifest(reference, { content: image.content, mediaType: entry.mediaType }, { signal });
    emit({ type: "image.pushed", at: Date.now(), reference: formatReference(reference), digest: entry.digest });
  }
  await client.putManifest(target, { content, mediaType: descriptor.mediaType }, { signal });
  emit({ type: "image.pushed", at: Date.now(), reference: formatReference(target), digest });
}

function alreadyThere(target: Reference, isSame: boolean, { emit }: RunContext): void {
  const name = formatReference(target);
  const message = isSame
    ? `${name} is published already`
    : `${name} is published already, as another image: left alone`;
  emit({ type: "notice", at: Date.now(), level: isSame ? "info" : "warning", message });
}
