import type { Digest } from "../../core/digest.ts";
import { lazy } from "../../core/lazy.ts";
import type { AttestedImage } from "../../oci/model/attested-image.ts";
import { type ContentReader, rememberingReader } from "../../oci/model/content.ts";
import { formatReference, parseReference, type Reference } from "../../oci/model/reference.ts";
import { pushImage } from "../../oci/registry/publishing/image-copy.ts";
import { publishIndex } from "../../oci/registry/publishing/publish-index.ts";
import { INPUTS_ANNOTATION } from "../../plan/inputs.ts";
import type { PlannedPackage } from "../../plan/plan.ts";
import type { RunNode } from "../build/node.ts";
import type { ImageOptions, PushOptions } from "../facade/options.ts";
import type { AssignedNode } from "../facts/assigned-plan.ts";
import type { RegistryReach } from "../facts/registry-reach.ts";
import { cachedAttestations } from "../facts/stored-attestations.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import type { Destination, NodeImage } from "./destination.ts";
import { annotationsOfIndex, imageSettings, indexEntries } from "./image-annotations.ts";

const straight = lazy(() => import("../../outputs/registry-output.ts"));
const throughClient = lazy(() => import("../../outputs/cache-output.ts"));

/**
 * Pushes: images first, by digest, from the engine straight to the registry where it can reach it, else through the
 * client; tags only when all platforms of the package are there.
 */
export function createRegistryDestination(
  stores: Stores,
  reach: RegistryReach,
  context: RunContext,
  options: ImageOptions & Pick<PushOptions, "archTags"> = {},
): Destination {
  const readers = new Map<string, ContentReader>();
  // Platforms that were exported together have one index.
  const readerOf = (repository: Reference): ContentReader => {
    const name = formatReference(repository);
    const reader = readers.get(name) ?? rememberingReader(stores.registry().reader(repository));
    readers.set(name, reader);
    return reader;
  };
  const goesThroughClient = async (node: AssignedNode) => !(await reach(node.engine, registryOf(node)));
  return {
    output: async (node) => {
      const settings = imageSettings(node, options);
      if (await goesThroughClient(node)) {
        const { cacheOutput } = await throughClient();
        return cacheOutput(await stores.cache(), settings);
      }
      const { registryOutput } = await straight();
      const { repository } = settings;
      const insecure = await stores.registry().isPlainHttp(repository, { signal: context.signal });
      return registryOutput(settings, { reader: readerOf(repository), insecure, platform: node.platform });
    },
    settle: async (node, built) => {
      if (await goesThroughClient(node)) await upload(node, built, stores, context);
    },
    transfer: async (node) => {
      const { image } = node.plan;
      if (!image) return undefined;
      const attestations = await cachedAttestations(node, image, await stores.cache(), context);
      await upload(node, { image, attestations }, stores, context);
      return { image, attestations };
    },
    publish: (planned, images) => publish(planned, images, options, stores, context),
  };
}

/** The registry that a node is pushed to. */
export function registryOf(node: RunNode): string {
  return parseReference(node.planned.reference).registry;
}

async function upload(node: RunNode, built: AttestedImage, stores: Stores, { signal }: RunContext): Promise<void> {
  const repository = parseReference(node.planned.reference);
  const cache = await stores.cache();
  for (const manifest of [built.image, ...built.attestations]) {
    await pushImage(stores.registry(), repository, cache, manifest, { signal });
  }
}

async function publish(
  planned: PlannedPackage,
  images: readonly NodeImage[],
  { archTags }: Pick<PushOptions, "archTags">,
  stores: Stores,
  { signal, emit }: RunContext,
): Promise<Digest | undefined> {
  if (images.length === 0) return planned.publishedIndex;
  const reference = parseReference(planned.reference);
  const index = await publishIndex({
    client: stores.registry(),
    repository: reference,
    tag: planned.tag,
    entries: images.flatMap(indexEntries),
    annotations: annotationsOfIndex(images, "index"),
    archTags,
    indexedAnnotations: [INPUTS_ANNOTATION],
    expected: images[0]?.node.tagged.package.platforms,
    signal,
  });
  for (const { node, image } of images) {
    const name = { package: node.plan.package, platform: node.plan.platform };
    emit({
      type: "image.pushed",
      at: Date.now(),
      reference: node.plan.reference,
      digest: image.digest,
      node: name,
    });
  }
  emit({ type: "image.pushed", at: Date.now(), reference: planned.reference, digest: index.digest });
  return index.digest;
}
