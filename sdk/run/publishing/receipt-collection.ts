import { parsePlatform } from "../../core/platform.ts";
import { attestationsOf } from "../../oci/model/attested-image.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import { flattenIndex } from "../../oci/model/image-tree.ts";
import { parseReference } from "../../oci/model/reference.ts";
import type { PlannedPackage } from "../../plan/plan.ts";
import type { Destination, NodeImage } from "../destinations/destination.ts";
import { indexEntries } from "../destinations/image-annotations.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import type { ReceiptPackage } from "./receipt.ts";

/** Takes note of what is pushed, in place of moving tags. */
export interface ReceiptCollection {
  readonly packages: ReceiptPackage[];
}

/** The destination without its last step: images stay where they are, by digest. */
export function collectingReceipts(
  destination: Destination,
  { packages }: ReceiptCollection,
  stores: Stores,
  { signal, emit }: RunContext,
): Destination {
  return {
    ...destination,
    publish: async (planned, images) => {
      const { name, reference } = planned;
      const published = await publishedEntries(planned, images, stores, signal);
      const manifests = [...published, ...images.flatMap(indexEntries)];
      packages.push({ name, reference, manifests });
      for (const { node, image } of images) {
        const { registry, repository } = parseReference(reference);
        emit({
          type: "image.pushed",
          at: Date.now(),
          reference: `${registry}/${repository}@${image.digest}`,
          digest: image.digest,
          node: { package: node.plan.package, platform: node.plan.platform },
        });
      }
      return undefined;
    },
  };
}

/** What was in the registry before, with what is attested of it. */
async function publishedEntries(
  { nodes, reference, publishedIndex }: PlannedPackage,
  images: readonly NodeImage[],
  stores: Stores,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  const pushed = new Set(images.map(({ node }) => node.plan.platform));
  const kept = nodes.flatMap(({ image, platform }) =>
    image === undefined || pushed.has(platform) ? [] : [{ ...image, platform: parsePlatform(platform) }],
  );
  if (kept.length === 0 || publishedIndex === undefined) return kept;
  const reader = stores.registry().reader(parseReference(reference));
  const index = await stores
    .registry()
    .getManifest({ ...parseReference(reference), digest: publishedIndex }, { signal });
  const listed = await flattenIndex(reader, index.descriptor, { signal });
  return kept.flatMap((image) => [image, ...attestationsOf(listed, image)]);
}
