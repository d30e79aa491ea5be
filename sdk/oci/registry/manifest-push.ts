import type { Abortable } from "../../core/abort.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { type ImageIndex, type ImageManifest, isIndex, parseIndexOrManifest } from "../model/manifest.ts";
import { formatReference, type Reference } from "../model/reference.ts";
import { storeManifest } from "./manifests.ts";
import { addReferrers } from "./referrers.ts";
import type { Transport } from "./transport.ts";

/**
 * Stores a manifest under a tag or digest. One that is about another is added to the list of that one's referrers, where
 * the registry does not do it.
 *
 * @throws RegistryError; ContentError `CONTENT_CORRUPT`
 * @source https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export async function putManifest(
  transport: Transport,
  reference: Reference,
  manifest: { readonly content: Uint8Array; readonly mediaType: string },
  options: Abortable,
): Promise<Descriptor> {
  const { content, mediaType } = manifest;
  const parsed = parseIndexOrManifest(content, { origin: formatReference(reference), mediaType });
  const { descriptor, knowsSubject } = await storeManifest(transport, reference, manifest, options);
  if (parsed.subject !== undefined && !knowsSubject) {
    const { registry, repository } = reference;
    const referrer = referrerOf(descriptor, parsed);
    await addReferrers(transport, { registry, repository }, parsed.subject.digest, [referrer], options);
  }
  return descriptor;
}

/** A referrer as it stands in the list: what it is, and what it says of itself. */
function referrerOf(descriptor: Descriptor, manifest: ImageIndex | ImageManifest): Descriptor {
  const { annotations } = manifest;
  const artifactType = manifest.artifactType ?? (isIndex(manifest) ? undefined : manifest.config.mediaType);
  return {
    ...descriptor,
    ...(annotations === undefined ? {} : { annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}
