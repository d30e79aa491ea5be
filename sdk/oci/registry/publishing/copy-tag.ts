import type { Abortable } from "../../../core/abort.ts";
import type { Descriptor } from "../../model/descriptor.ts";
import type { Reference } from "../../model/reference.ts";
import type { RegistryClient } from "../client.ts";
import { missingImage, pushImage } from "./image-copy.ts";

/** What a tag stands for now. */
export interface CopiedTag {
  readonly descriptor: Descriptor;
  /** False if it stood for that already. */
  readonly changed: boolean;
}

/**
 * Lets a tag stand for what another reference stands for, with the very same bytes. In one repository nothing but the
 * manifest is sent; in one registry layers are mounted; between registries they are streamed through.
 *
 * @throws RegistryError `REGISTRY_NOT_FOUND` if there is nothing to copy, and as every call; ContentError
 */
export async function copyTag(
  client: RegistryClient,
  from: Reference,
  to: Reference,
  { signal }: Abortable = {},
): Promise<CopiedTag> {
  const [source, target] = await Promise.all([
    client.findManifest(from, { signal }),
    client.resolveManifest(to, { signal }),
  ]);
  if (source === undefined) throw missingImage(from);
  const { descriptor, content } = source;
  if (target?.digest === descriptor.digest) return { descriptor, changed: false };
  const sameRegistry = from.registry === to.registry;
  if (!sameRegistry || from.repository !== to.repository) {
    const mountFrom = sameRegistry ? from.repository : undefined;
    await pushImage(client, to, client.reader(from), descriptor, { signal, mountFrom });
  }
  await client.putManifest(to, { content, mediaType: descriptor.mediaType }, { signal });
  return { descriptor, changed: true };
}
