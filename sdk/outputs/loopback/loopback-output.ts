import type { Cache } from "../../oci/layout/cache.ts";
import type { BuildOutput } from "../build-output.ts";
import type { ImageSettings } from "../image-attributes.ts";
import { type RegistryOutputOptions, registryOutput } from "../registry-output.ts";
import type { LoopbackRegistry } from "./loopback-registry.ts";

/** Where an image goes round the session, and whose it is. */
export interface LoopbackOutputOptions extends Pick<RegistryOutputOptions, "platform"> {
  readonly registry: LoopbackRegistry;
}

/**
 * Lets the engine push an image into the cache by way of a registry in this process. Blobs only, as with a tunnel, and of
 * these only what the cache does not hold.
 */
export function loopbackOutput(
  cache: Cache,
  settings: ImageSettings,
  { registry, platform }: LoopbackOutputOptions,
): BuildOutput {
  const repository = registry.openRepository();
  return {
    ...registryOutput({ ...settings, repository: repository.reference }, { insecure: true, reader: cache, platform }),
    mounts: false,
    failure: repository.failure,
  };
}
