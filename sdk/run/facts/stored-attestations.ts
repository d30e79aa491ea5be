import type { Abortable } from "../../core/abort.ts";
import { isKitsmithError } from "../../core/errors.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import { attestationsOf } from "../../oci/model/attested-image.ts";
import type { ContentReader } from "../../oci/model/content.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import { flattenIndex } from "../../oci/model/image-tree.ts";
import { parseManifest } from "../../oci/model/manifest.ts";
import { isIndexMediaType } from "../../oci/model/media-type.ts";
import { parseReference } from "../../oci/model/reference.ts";
import type { RegistryClient } from "../../oci/registry/client.ts";
import { pullImage } from "../../oci/registry/publishing/image-copy.ts";
import type { AttestationKind } from "../../pkg/attestation.ts";
import type { RunNode } from "../build/node.ts";
import type { RunContext } from "../run.ts";

const PREDICATE_TYPE = "in-toto.io/predicate-type";
const PROVENANCE = /^https:\/\/slsa\.dev\/provenance\//;

/**
 * What an image's attestation manifests attest, by what their layers say they are. What is no provenance counts as a bill
 * of materials, whatever its format. A manifest that is not there attests nothing.
 *
 * @source https://github.com/moby/buildkit/blob/v0.26.3/docs/attestations/attestation-storage.md
 */
export async function attestedKinds(
  attestations: readonly Descriptor[],
  reader: ContentReader,
  options: Abortable,
): Promise<readonly AttestationKind[]> {
  const predicates = await Promise.all(attestations.map((entry) => predicateTypes(entry, reader, options)));
  const kinds = predicates.flat().map((type): AttestationKind => (PROVENANCE.test(type) ? "provenance" : "sbom"));
  return [...new Set(kinds)];
}

async function predicateTypes(
  attestation: Descriptor,
  reader: ContentReader,
  options: Abortable,
): Promise<readonly string[]> {
  const { digest, mediaType } = attestation;
  try {
    const { layers } = parseManifest(await reader.readBlob(attestation, options), { origin: digest, mediaType });
    return layers.flatMap(({ annotations = {} }) => annotations[PREDICATE_TYPE] ?? []);
  } catch (error) {
    if (isKitsmithError(error) && ABSENT.has(error.code)) return [];
    throw error;
  }
}

const ABSENT: ReadonlySet<string> = new Set(["REGISTRY_NOT_FOUND", "CONTENT_NOT_FOUND"]);

/** What the cache's index holds, and holds completely, of what is attested of a node's image. */
export async function cachedAttestations(
  { planned }: RunNode,
  image: Descriptor,
  cache: Cache,
  { signal }: RunContext,
): Promise<readonly Descriptor[]> {
  const root = await cache.resolve(planned.reference, { signal });
  if (!root || !isIndexMediaType(root.mediaType)) return [];
  const attestations = attestationsOf(await cache.flattenIndex(root, { signal }), image);
  const missing = await Promise.all(attestations.map((entry) => cache.findMissing(entry, { signal })));
  return attestations.filter((_, index) => missing[index]?.length === 0);
}

/** Fetches what the registry's index holds of what is attested of a node's image. */
export async function pullAttestations(
  { planned }: RunNode,
  image: Descriptor,
  { client, cache }: { readonly client: RegistryClient; readonly cache: Cache },
  { signal }: RunContext,
): Promise<readonly Descriptor[]> {
  const { registry, repository } = parseReference(planned.reference);
  if (planned.publishedIndex === undefined) return [];
  const index = await client.resolveManifest({ registry, repository, digest: planned.publishedIndex }, { signal });
  if (!index || !isIndexMediaType(index.mediaType)) return [];
  const reader = client.reader({ registry, repository });
  const attestations = attestationsOf(await flattenIndex(reader, index, { signal }), image);
  const pulled = await Promise.all(
    attestations.map((entry) =>
      pullImage(client, { registry, repository, digest: entry.digest }, cache, { signal }).then(
        () => [entry],
        (error: unknown) => {
          // The image itself is whole without it.
          if (isKitsmithError(error) && error.code === "REGISTRY_NOT_FOUND") return [];
          throw error;
        },
      ),
    ),
  );
  return pulled.flat();
}
