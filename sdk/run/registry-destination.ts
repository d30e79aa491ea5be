import type { Digest } from "../core/digest.ts";
import type { Descriptor } from "../oci/model/descriptor.ts";
import { parseReference } from "../oci/model/reference.ts";
import { isLoopback } from "../oci/registry/endpoint.ts";
import { pushImage } from "../oci/registry/image-copy.ts";
import { publishIndex } from "../oci/registry/publish-index.ts";
import { cacheOutput } from "../outputs/cache-output.ts";
import { registryOutput } from "../outputs/registry-output.ts";
import type { PlannedPackage } from "../plan/plan.ts";
import type { AssignedNode } from "./assigned-plan.ts";
import type { Destination, NodeImage } from "./destination.ts";
import { imageAnnotations, indexEntry } from "./image-annotations.ts";
import type { RunNode } from "./node.ts";
import type { RegistryReach } from "./registry-reach.ts";
import type { RunContext } from "./run.ts";
import type { Stores } from "./stores.ts";

/**
 * Pushes: images first, by digest, from the engine straight to the registry where it can reach it, else through the
 * client; tags only when all platforms of the package are there.
 */
export function createRegistryDestination(stores: Stores, reach: RegistryReach, context: RunContext): Destination {
  const goesThroughClient = async (node: AssignedNode) => !(await reach(node.engine, registryOf(node)));
  return {
    output: async (node) => {
      const annotations = imageAnnotations(node);
      if (await goesThroughClient(node)) return cacheOutput(await stores.cache(), annotations);
      const repository = parseReference(node.planned.reference);
      return registryOutput({ repository, annotations, insecure: isLoopback(repository.registry) });
    },
    settle: async (node, image) => {
      if (await goesThroughClient(node)) await upload(node, image, stores, context);
    },
    transfer: async (node) => {
      const { image } = node.plan;
      if (image) await upload(node, image, stores, context);
      return image;
    },
    publish: (planned, images) => publish(planned, images, stores, context),
  };
}

/** The registry that a node is pushed to. */
export function registryOf(node: RunNode): string {
  return parseReference(node.planned.reference).registry;
}

async function upload(node: RunNode, image: Descriptor, stores: Stores, { signal }: RunContext): Promise<void> {
  const repository = parseReference(node.planned.reference);
  await pushImage(stores.registry(), repository, await stores.cache(), image, { signal });
}

async function publish(
  planned: PlannedPackage,
  images: readonly NodeImage[],
  stores: Stores,
  { signal, emit }: RunContext,
): Promise<Digest | undefined> {
  if (images.length === 0) return planned.publishedIndex;
  const reference = parseReference(planned.reference);
  const index = await publishIndex({
    client: stores.registry(),
    repository: reference,
    tag: planned.tag,
    entries: images.map(indexEntry),
    signal,
  });
  for (const { node, descriptor } of images) {
    const name = { package: node.plan.package, platform: node.plan.platform };
    emit({
      type: "image.pushed",
      at: Date.now(),
      reference: node.plan.reference,
      digest: descriptor.digest,
      node: name,
    });
  }
  emit({ type: "image.pushed", at: Date.now(), reference: planned.reference, digest: index.digest });
  return index.digest;
}
