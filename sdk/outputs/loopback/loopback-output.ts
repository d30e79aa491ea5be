import { isKitsmithError } from "../../core/errors.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import type { BuildOutput } from "../build-output.ts";
import type { ImageSettings } from "../image-attributes.ts";
import { type RegistryOutputOptions, registryOutput } from "../registry-output.ts";
import type { LoopbackRepository } from "./loopback-registry.ts";

/** Where an image goes round the session, and whose it is. */
export interface LoopbackOutputOptions extends Pick<RegistryOutputOptions, "platform"> {
  readonly repository: LoopbackRepository;
}

/**
 * Lets the engine push an image into the cache by way of a registry in this process. Blobs only, as with a tunnel, and of
 * these only what the cache does not hold.
 */
export function loopbackOutput(
  cache: Cache,
  settings: ImageSettings,
  { repository, platform }: LoopbackOutputOptions,
): BuildOutput {
  return {
    ...registryOutput({ ...settings, repository: repository.reference }, { insecure: true, reader: cache, platform }),
    mounts: false,
    // A program that failed has nothing to do with what the package's other platforms pushed.
    failure: (error) =>
      isKitsmithError(error) && error.details.exitCode !== undefined ? undefined : repository.failure(),
  };
}
