import { homedir } from "node:os";
import { join } from "node:path";
import type { Abortable } from "../core/abort.ts";
import type { CredentialSource } from "../credentials/credential-source.ts";
import { createDockerCredentials } from "../credentials/docker-credentials.ts";
import { type Cache, openCache } from "../oci/layout/cache.ts";
import { createRegistryClient, type RegistryClient } from "../oci/registry/client.ts";

/** The places that hold images: opened on first use, closed with the run. */
export interface Stores extends AsyncDisposable {
  readonly credentials: CredentialSource;
  readonly cache: () => Promise<Cache>;
  readonly registry: () => RegistryClient;
}

/** The cache that the LinuxKit CLI uses too: `LINUXKIT_CACHE`, else `~/.linuxkit/cache`. */
export function defaultCacheDirectory(): string {
  return process.env.LINUXKIT_CACHE || join(homedir(), ".linuxkit", "cache");
}

/** Opens nothing yet. */
export function createStores(options: Abortable & { readonly cacheDirectory?: string }): Stores {
  const credentials = createDockerCredentials({ env: process.env });
  let cache: Promise<Cache> | undefined;
  let registry: RegistryClient | undefined;
  return {
    credentials,
    cache: () => {
      cache ??= openCache(options.cacheDirectory ?? defaultCacheDirectory(), options);
      return cache;
    },
    registry: () => {
      registry ??= createRegistryClient({ credentials });
      return registry;
    },
    [Symbol.asyncDispose]: async () => {
      registry?.close();
      // Opening makes files; nothing of that may go on when the run is over.
      await cache?.catch(() => {});
    },
  };
}
