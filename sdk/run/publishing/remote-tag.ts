import type { Digest } from "../../core/digest.ts";
import { expandReference, formatReference, parseReference, type Reference } from "../../oci/model/reference.ts";
import { copyTag } from "../../oci/registry/publishing/copy-tag.ts";
import type { VerbOptions } from "../facade/options.ts";
import { createStores } from "../stores.ts";

/** Options of `remoteTag()`. */
export type RemoteTagOptions = Pick<VerbOptions, "signal" | "registries">;

/** What a tag in a registry stands for now. */
export interface RemoteTag {
  readonly reference: string;
  readonly digest: Digest;
  /** False if it stood for that already. */
  readonly changed: boolean;
}

/** @throws InputError `INPUT_REFERENCE_INVALID`; RegistryError */
export async function remoteTag(from: string, to: string, options: RemoteTagOptions = {}): Promise<RemoteTag> {
  const target = complete(to);
  await using stores = createStores(options);
  const { descriptor, changed } = await copyTag(stores.registry(), complete(from), target, options);
  return { reference: formatReference(target), digest: descriptor.digest, changed };
}

function complete(name: string): Reference {
  return parseReference(expandReference(name, { defaultTag: true }));
}
