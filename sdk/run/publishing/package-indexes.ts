import { mapConcurrent } from "../../core/concurrency.ts";
import type { Digest } from "../../core/digest.ts";
import { PlanError } from "../../core/errors.ts";
import { type Platform, parsePlatform } from "../../core/platform.ts";
import { formatArchTag } from "../../oci/model/arch-tag.ts";
import { formatReference, parseReference, type Reference, withTag } from "../../oci/model/reference.ts";
import type { RegistryClient } from "../../oci/registry/client.ts";
import { publishIndex } from "../../oci/registry/publishing/publish-index.ts";
import type { VerbOptions } from "../facade/options.ts";
import type { PackageSetSpec } from "../facade/package-spec.ts";
import { createStores } from "../stores.ts";
import { type TaggedPackage, tagPackageSet } from "../tagging/tagging.ts";

/** Options of `publishIndexes()`. */
export interface IndexOptions extends VerbOptions {
  /** Make an index of this tag's images, too. */
  readonly release?: string;
}

/** An index, or that there was nothing to put into it. */
export interface PublishedIndex {
  readonly reference: string;
  /** Undefined: the registry has no image of any architecture, so there is no index. */
  readonly digest?: Digest;
}

/** Architectures that LinuxKit has or had. */
const ARCHITECTURES = ["amd64", "arm64", "s390x", "riscv64", "ppc64le"];

/**
 * Puts what the registry has under the tags of single architectures into the index of each package. What the index holds
 * besides stays.
 *
 * @throws PlanError `PLAN_TREE_DIRTY` for a release of a package that has changes; RegistryError
 */
export async function publishPackageIndexes(
  set: PackageSetSpec,
  options: IndexOptions = {},
): Promise<readonly PublishedIndex[]> {
  const signal = options.signal ?? new AbortController().signal;
  await using stores = createStores({ ...options, signal });
  const packages = await tagPackageSet(set, { signal });
  if (options.release) assertReleasable(packages);
  const targets = packages.flatMap(({ canonicalReference, package: pkg }) => {
    const reference = parseReference(canonicalReference);
    const own = { platforms: pkg.platforms, reference };
    return options.release ? [own, { ...own, reference: withTag(reference, options.release) }] : [own];
  });
  const indexes: PublishedIndex[] = [];
  for (const { reference, platforms } of targets) {
    indexes.push(await publishTarget(stores.registry(), reference, platforms, signal));
  }
  return indexes;
}

function assertReleasable(packages: readonly TaggedPackage[]): void {
  const dirty = packages.filter(({ git }) => git.dirty).map((tagged) => tagged.package.directory);
  if (dirty.length === 0) return;
  throw new PlanError("PLAN_TREE_DIRTY", `uncommitted changes in ${dirty.join(", ")}`, {
    hint: "Commit or stash them: what is released has to be found again by its commit.",
  });
}

async function publishTarget(
  client: RegistryClient,
  reference: Reference,
  platforms: readonly Platform[],
  signal: AbortSignal,
): Promise<PublishedIndex> {
  const { tag = "" } = reference;
  const name = formatReference(reference);
  const known = [...ARCHITECTURES.map((architecture) => parsePlatform(`linux/${architecture}`)), ...platforms];
  const tags = new Set(known.map((platform) => formatArchTag(tag, platform)));
  const found = await mapConcurrent([...tags], ARCHITECTURES.length, (archTag) =>
    client.resolveManifest(withTag(reference, archTag), { signal }),
  );
  if (found.every((image) => image === undefined)) return { reference: name };
  const { digest } = await publishIndex({ client, repository: reference, tag, entries: [], signal });
  return { reference: name, digest };
}
