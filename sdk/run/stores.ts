import { homedir } from "node:os";
import { join } from "node:path";
import type { Abortable } from "../core/abort.ts";
import type { CredentialSource } from "../credentials/credential-source.ts";
import { createRegistryPolicy, type RegistryPolicy, type RegistrySettings } from "../credentials/registry-policy.ts";
import { type Cache, openCache } from "../oci/layout/cache.ts";
import { createRegistryClient, type RegistryClient } from "../oci/registry/client.ts";
import type { RunContext } from "./run.ts";

/** The places that hold images: opened on first use, closed with the run. */
export interface Stores extends AsyncDisposable {
  readonly credentials: CredentialSource;
  readonly cache: () => Promise<Cache>;
  /** Talks to the registries themselves: for what is pushed, and what a push must know. */
  readonly registry: () => RegistryClient;
  /** Reads, from the mirrors where registries have them. */
  readonly reader: () => RegistryClient;
}

/** Which stores are meant, and how registries are reached. */
export interface StoreOptions extends Abortable {
  readonly cacheDirectory?: string | undefined;
  readonly registries?: RegistrySettings | undefined;
  /** Gets warnings about registries. Default: nobody. */
  readonly emit?: RunContext["emit"] | undefined;
}

/** The cache that the LinuxKit CLI uses too: `LINUXKIT_CACHE`, else `~/.linuxkit/cache`. */
export function defaultCacheDirectory(): string {
  return process.env.LINUXKIT_CACHE || join(homedir(), ".linuxkit", "cache");
}

/** Opens nothing yet. @throws InputError `INPUT_OPTION_INVALID` for a mirror that is none */
export function createStores(options: StoreOptions): Stores {
  const policy = createRegistryPolicy(options.registries);
  const { credentials, mirrors } = policy;
  let cache: Promise<Cache> | undefined;
  let registry: RegistryClient | undefined;
  let reader: RegistryClient | undefined;
  const hasMirrors = Object.keys(mirrors).length > 0;
  const direct = () => {
    registry ??= createRegistryClient(clientOptions(policy, options));
    return registry;
  };
  return {
    credentials,
    cache: () => {
      cache ??= openCache(options.cacheDirectory ?? defaultCacheDirectory(), options);
      return cache;
    },
    registry: direct,
    reader: () => {
      if (!hasMirrors) return direct();
      reader ??= createRegistryClient({ ...clientOptions(policy, options), mirrors });
      return reader;
    },
    [Symbol.asyncDispose]: async () => {
      registry?.close();
      reader?.close();
      // Opening makes files; nothing of that may go on when the run is over.
      await cache?.catch(() => {});
    },
  };
}
