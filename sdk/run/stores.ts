import { join } from "node:path";
import type { Abortable } from "../core/abort.ts";
import type { CredentialSource } from "../credentials/credential-source.ts";
import { createRegistryPolicy, type RegistryPolicy, type RegistrySettings } from "../credentials/registry-policy.ts";
import { type Cache, openCache } from "../oci/layout/cache.ts";
import { formatReference } from "../oci/model/reference.ts";
import { createRegistryClient, type RegistryClient } from "../oci/registry/client.ts";
import type { LoopbackRegistry } from "../outputs/loopback/loopback-registry.ts";
import { defaultCacheDirectory } from "./destinations/cache-directory.ts";
import { openPublishedMemory, type PublishedMemory } from "./facts/published-memory.ts";
import type { RunContext } from "./run.ts";

/** The places that hold images: opened on first use, closed with the run. */
export interface Stores extends AsyncDisposable {
  readonly credentials: CredentialSource;
  readonly cache: () => Promise<Cache>;
  /** What registries said in earlier runs. */
  readonly published: PublishedMemory;
  /** Takes into the cache what engines of this machine push. */
  readonly loopback: () => Promise<LoopbackRegistry>;
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

/** Opens nothing yet. @throws InputError `INPUT_OPTION_INVALID` for a mirror that is none */
export function createStores(options: StoreOptions): Stores {
  const policy = createRegistryPolicy(options.registries);
  const { credentials, mirrors } = policy;
  let cache: Promise<Cache> | undefined;
  let loopback: Promise<LoopbackRegistry> | undefined;
  const uses: Promise<AsyncDisposable>[] = [];
  let registry: RegistryClient | undefined;
  let reader: RegistryClient | undefined;
  const published = openPublishedMemory(publishedFile);
  const hasMirrors = Object.keys(mirrors).length > 0;
  const direct = () => {
    registry ??= forgettingChanges(createRegistryClient(clientOptions(policy, options)), published);
    return registry;
  };
  const openedCache = () => {
    cache ??= openCache(options.cacheDirectory ?? defaultCacheDirectory(), options).then((opened) =>
      keepingContent(opened, uses, options),
    );
    return cache;
  };
  return {
    credentials: leavesTokens(process.env)
      ? credentials
      : // Engines get access tokens by the way that our own calls go.
        { ...credentials, fetchToken: (wish, wishOptions) => direct().fetchToken(wish, wishOptions) },
    cache: openedCache,
    loopback: () => {
      loopback ??= openLoopback(openedCache(), uses, options);
      return loopback;
    },
    published,
    registry: direct,
    reader: () => {
      if (!hasMirrors) return direct();
      reader ??= createRegistryClient({ ...clientOptions(policy, options), mirrors });
      return reader;
    },
    [Symbol.asyncDispose]: async () => {
      registry?.close();
      reader?.close();
      await published.save();
      await (await loopback?.catch(() => undefined))?.[Symbol.asyncDispose]();
      // Opening makes files; nothing of that may go on when the run is over.
      await cache?.catch(() => {});
      for (const use of await Promise.allSettled(uses)) {
        if (use.status === "fulfilled") await use.value[Symbol.asyncDispose]();
      }
    },
  };
}

/** What is in the cache already counts as pushed, so that it is kept from the beginning. */
async function openLoopback(
  opening: Promise<Cache>,
  uses: Promise<AsyncDisposable>[],
  options: Abortable,
): Promise<LoopbackRegistry> {
  const { startLoopbackRegistry } = await import("../outputs/loopback/loopback-registry.ts");
  const cache = await opening;
  await keepContent(cache, uses, options);
  return await startLoopbackRegistry(cache);
}

async function keepContent(cache: Cache, uses: Promise<AsyncDisposable>[], { signal }: Abortable): Promise<void> {
  if (uses.length === 0) uses.push(cache.useContent({ signal }));
  await uses[0];
}

/** What a run stores gets its name later: from the first write on, nobody else may clean it away. */
function keepingContent(cache: Cache, uses: Promise<AsyncDisposable>[], options: Abortable): Cache {
  const keep = () => keepContent(cache, uses, options);
  return Object.freeze<Cache>({
    ...cache,
    writeBlob: async (content, writeOptions) => {
      await keep();
      return await cache.writeBlob(content, writeOptions);
    },
    importArchive: async (archive, importOptions) => {
      await keep();
      return await cache.importArchive(archive, importOptions);
    },
    // Its change may write, under the cache's lock: whoever cleans up takes the two in the other order.
    updateReference: async (name, change, updateOptions) => {
      await keep();
      return await cache.updateReference(name, change, updateOptions);
    },
  });
}

async function publishedFile(): Promise<string> {
  const { ownStateDirectory } = await import("../engine/lifecycle/state-directory.ts");
  return join(ownStateDirectory(process.env), "published.json");
}

/** What we say ourselves makes what the registry said before void. */
function forgettingChanges(client: RegistryClient, published: PublishedMemory): RegistryClient {
  return Object.freeze<RegistryClient>({
    ...client,
    putManifest: async (reference, manifest, options) => {
      try {
        return await client.putManifest(reference, manifest, options);
      } finally {
        if (reference.tag !== undefined) published.forget(formatReference(reference));
      }
    },
    deleteManifest: async (reference, options) => {
      try {
        await client.deleteManifest(reference, options);
      } finally {
        if (reference.tag !== undefined) published.forget(formatReference(reference));
      }
    },
  });
}

/** BuildKit's own clients know this variable: for engines that reach token services which we do not. */
function leavesTokens({ BUILDKIT_NO_CLIENT_TOKEN: value }: Readonly<Record<string, string | undefined>>): boolean {
  return /^(1|t|true)$/i.test(value ?? "");
}

function clientOptions({ credentials, plainHttp, certificates }: RegistryPolicy, { emit }: StoreOptions) {
  const onNotice = (message: string) => emit?.({ type: "notice", at: Date.now(), level: "warning", message });
  return { credentials, plainHttp, certificates, onNotice, env: process.env };
}
