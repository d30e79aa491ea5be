import { mapConcurrent } from "../../core/concurrency.ts";
import { PlanError } from "../../core/errors.ts";
import { formatPlatform } from "../../core/platform.ts";
import { type Descriptor, descriptorPlatform } from "../../oci/model/descriptor.ts";
import { formatReference, parseReference, type Reference, withTag } from "../../oci/model/reference.ts";
import type { RegistryClient } from "../../oci/registry/client.ts";
import { publishIndex } from "../../oci/registry/publishing/publish-index.ts";
import { INPUTS_ANNOTATION } from "../../plan/inputs.ts";
import type { VerbOptions } from "../facade/options.ts";
import { createStores } from "../stores.ts";
import type { PublishedIndex } from "./package-indexes.ts";
import type { Receipt } from "./receipt.ts";

/** Options of `mergeIndexes()`. */
export interface MergeOptions extends Pick<VerbOptions, "signal" | "registries"> {
  /** Publish every package under this tag, too. Default: only under its own. */
  readonly tag?: string;
}

const PACKAGES_AT_ONCE = 4;

/** @throws PlanError `PLAN_INPUTS_DIFFER`, before any tag moves; RegistryError */
export async function mergeIndexes(
  receipts: readonly Receipt[],
  options: MergeOptions = {},
): Promise<readonly PublishedIndex[]> {
  const packages = unitePackages(receipts);
  const targets = [...packages].flatMap(([text, entries]) => {
    const reference = parseReference(text);
    const others = options.tag === undefined ? [] : [withTag(reference, options.tag)];
    return [reference, ...others].map((target) => ({ target, entries }));
  });
  await using stores = createStores(options);
  return await mapConcurrent(targets, PACKAGES_AT_ONCE, ({ target, entries }) =>
    publishEntries(stores.registry(), target, entries, options),
  );
}

function unitePackages(receipts: readonly Receipt[]): ReadonlyMap<string, readonly Descriptor[]> {
  const united = new Map<string, readonly Descriptor[]>();
  for (const { reference, manifests } of receipts.flatMap(({ packages }) => packages)) {
    const known = united.get(reference) ?? [];
    for (const entry of manifests) assertSame(known, entry, reference);
    united.set(reference, [...known, ...manifests]);
  }
  return united;
}

function assertSame(known: readonly Descriptor[], entry: Descriptor, reference: string): void {
  const platform = platformOf(entry);
  const other = known.find((image) => platform !== undefined && platformOf(image) === platform);
  if (other === undefined || other.digest === entry.digest) return;
  throw new PlanError("PLAN_INPUTS_DIFFER", `two receipts have other images for ${reference} on ${platform}`, {
    hint: "Let one machine push each platform, or leave out the receipt that is old.",
    details: { reference, platform, digests: [other.digest, entry.digest] },
  });
}

function platformOf(entry: Descriptor): string | undefined {
  const platform = descriptorPlatform(entry);
  return platform && formatPlatform(platform);
}

async function publishEntries(
  client: RegistryClient,
  target: Reference,
  entries: readonly Descriptor[],
  { signal }: MergeOptions,
): Promise<PublishedIndex> {
  const { digest } = await publishIndex({
    ...{ client, repository: target, tag: target.tag ?? "", entries, signal },
    indexedAnnotations: [INPUTS_ANNOTATION],
  });
  return { reference: formatReference(target), digest };
}
