import type { Abortable } from "../../core/abort.ts";
import { mapConcurrent } from "../../core/concurrency.ts";
import { InputError, RegistryError } from "../../core/errors.ts";
import type { NamedDescriptor } from "../layout/root-index.ts";
import { parseReference } from "../model/reference.ts";
import type { RegistryClient } from "../registry/client.ts";

const LOOKUPS_AT_ONCE = 6;

/** The images that the registry has under the same name and with the same digest. What cannot be known counts as not. */
export async function publishedImages(
  client: RegistryClient,
  images: readonly NamedDescriptor[],
  { signal }: Abortable = {},
): Promise<readonly NamedDescriptor[]> {
  const published = await mapConcurrent([...images], LOOKUPS_AT_ONCE, async (image) =>
    (await isPublished(client, image, signal)) ? [image] : [],
  );
  return published.flat();
}

async function isPublished(
  client: RegistryClient,
  { name, descriptor }: NamedDescriptor,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return (await client.resolveManifest(parseReference(name), { signal }))?.digest === descriptor.digest;
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof RegistryError || cause instanceof InputError) return false;
    throw cause;
  }
}
