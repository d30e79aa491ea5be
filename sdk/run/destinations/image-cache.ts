import { createReadStream } from "node:fs";
import type { Abortable } from "../../core/abort.ts";
import { InputError } from "../../core/errors.ts";
import { type Platform, type PlatformText, parsePlatform } from "../../core/platform.ts";
import { checkMirrors } from "../../credentials/mirrors.ts";
import type { RegistrySettings } from "../../credentials/registry-policy.ts";
import type { ImportedImage, ImportOptions } from "../../oci/cache/import-images.ts";
import type { CachePushOptions, PushedImage } from "../../oci/cache/push.ts";
import type { ExportFormat } from "../../oci/layout/archive-export.ts";
import { type Cache, openCache as openLayout } from "../../oci/layout/cache.ts";
import type { CacheCheck, CheckCacheOptions } from "../../oci/layout/check/check-cache.ts";
import { missingName, type Removal } from "../../oci/layout/removal.ts";
import type { NamedDescriptor } from "../../oci/layout/root-index.ts";
import type { ContentStream } from "../../oci/model/content.ts";
import { type Descriptor, descriptorPlatform } from "../../oci/model/descriptor.ts";
import { formatReference, parseReference } from "../../oci/model/reference.ts";
import type { Stores } from "../stores.ts";
import { defaultCacheDirectory } from "./cache-directory.ts";

/** Which cache is opened. */
export interface CacheOptions extends Abortable {
  /** Default: `LINUXKIT_CACHE`, else `~/.linuxkit/cache`. */
  readonly directory?: string;
  /** Mirrors, authorities and credentials for registries. */
  readonly registries?: RegistrySettings;
}

/** Which cache is checked, and whether it is repaired. */
export interface CacheCheckOptions extends CheckCacheOptions {
  /** Default: `LINUXKIT_CACHE`, else `~/.linuxkit/cache`. */
  readonly directory?: string;
}

/** Which names are removed. */
export interface RemoveOptions extends Abortable {
  /** Only those that the registry has, for everybody, with the same digest. Default false. */
  readonly publishedOnly?: boolean;
}

/** What is removed besides content that nothing refers to. */
export interface CleanOptions extends RemoveOptions {
  /** All names. Default false: names stay. */
  readonly all?: boolean;
}

/** What an exported archive holds. */
export interface CacheExportOptions extends Abortable {
  /** `filesystem`: the root file system of the image, layers laid over each other. Default `oci`. */
  readonly format?: ExportFormat;
  /** `all` exports an index with all its images, as `oci` only. Default: this machine's architecture, or the only image. */
  readonly platform?: PlatformText | "all";
  /** The name in the archive. Default: the one in the cache. */
  readonly name?: string;
}

/** Which images of an index are pulled. */
export interface CachePullOptions extends Abortable {
  /** Default: all. */
  readonly platforms?: readonly PlatformText[];
}

/** The images of a cache directory, which the LinuxKit CLI can use at the same time. Names are references in any form. */
export interface ImageCache extends AsyncDisposable {
  /** The names, and the blobs themselves. */
  readonly content: Cache;
  /** All names, in the order in which they were written. */
  list(options?: Abortable): Promise<readonly NamedDescriptor[]>;
  /** Removes names, and content that only they led to. @throws ContentError `CONTENT_NOT_FOUND` */
  remove(names: readonly string[], options?: RemoveOptions): Promise<Removal>;
  /** Removes content that nothing refers to; names only where asked. */
  clean(options?: CleanOptions): Promise<Removal>;
  /** An image as a tar. @throws ContentError `CONTENT_NOT_FOUND` */
  export(name: string, options?: CacheExportOptions): ContentStream;
  /** As {@link ImageCache.export}, into a file, which is there only once it is complete. */
  exportTo(name: string, file: string, options?: CacheExportOptions): Promise<void>;
  /** Takes the images of an OCI image tar, from a file or a stream, and names them as the archive does. */
  import(archive: string | ContentStream, options?: ImportOptions): Promise<readonly ImportedImage[]>;
  /** Fetches an image from its registry, whatever the cache holds. @throws RegistryError; ContentError */
  pull(name: string, options?: CachePullOptions): Promise<Descriptor>;
  /** Pushes an image to its registry, or to another. @throws RegistryError; ContentError */
  push(name: string, options?: CachePushOptions): Promise<PushedImage>;
}

/**
 * Opens the cache; an empty one is made where there is none.
 *
 * @throws ContentError `CONTENT_CORRUPT` naming the damaged file, `CONTENT_WRITE_FAILED`, `CACHE_LOCK_UNAVAILABLE`
 */
export async function openCache({ directory, registries, signal }: CacheOptions = {}): Promise<ImageCache> {
  checkMirrors(registries?.mirrors ?? {});
  const stores = storesOnUse({ signal, ...(registries ? { registries } : {}) });
  const cache = await openLayout(directory || defaultCacheDirectory(), { signal });
  const exported = (name: string, options: CacheExportOptions = {}) => exportImage(cache, name, options);
  return Object.freeze<ImageCache>({
    content: cache,
    list: (options) => cache.list(options),
    remove: (names, options = {}) => removeImages(cache, names, options),
    clean: (options = {}) => cleanCache(cache, options),
    export: exported,
    exportTo: async (name, file, options) => {
      const { writeComplete } = await import("../../outputs/archive-output.ts");
      await writeComplete(file, exported(name, options), options?.signal);
    },
    import: async (archive, options) => {
      const { importImages } = await import("../../oci/cache/import-images.ts");
      return await importImages(cache, typeof archive === "string" ? fileContent(archive) : archive, options);
    },
    pull: async (name, options = {}) => await pullImages(cache, await stores.open(), name, options),
    push: async (name, options) => {
      const { pushFromCache } = await import("../../oci/cache/push.ts");
      return await pushFromCache(cache, (await stores.open()).registry(), name, options);
    },
    [Symbol.asyncDispose]: stores[Symbol.asyncDispose],
  });
}

interface StoresOnUse extends AsyncDisposable {
  open(): Promise<Stores>;
}

/** Most of what a cache is asked needs no registry, and listing it should not load what speaks to one. */
function storesOnUse(options: Pick<CacheOptions, "signal" | "registries">): StoresOnUse {
  let opened: Promise<Stores> | undefined;
  return {
    open: () => {
      opened ??= import("../stores.ts").then(({ createStores }) => createStores(options));
      return opened;
    },
    [Symbol.asyncDispose]: async () => await (await opened)?.[Symbol.asyncDispose](),
  };
}

/**
 * Reads a cache from end to end, names what is wrong with it, and repairs it if asked.
 *
 * @throws ContentError as `CONTENT_NOT_FOUND` if there is no such directory, `CONTENT_CORRUPT` for a layout of another version
 */
export async function checkCache({ directory, ...options }: CacheCheckOptions = {}): Promise<CacheCheck> {
  const { checkCache: checkCacheDirectory } = await import("../../oci/layout/check/check-cache.ts");
  return await checkCacheDirectory(directory || defaultCacheDirectory(), options);
}

async function removeImages(
  cache: Cache,
  names: readonly string[],
  { publishedOnly = false, signal }: RemoveOptions,
): Promise<Removal> {
  if (!publishedOnly) return await cache.remove(names, { signal });
  const images = await Promise.all(
    names.map(async (name) => {
      const descriptor = await cache.resolve(name, { signal });
      if (descriptor === undefined) throw missingName(name);
      return { name, descriptor };
    }),
  );
  return await cache.remove(await publishedNames(images, signal), { signal });
}

async function cleanCache(
  cache: Cache,
  { all = false, publishedOnly = false, signal }: CleanOptions,
): Promise<Removal> {
  const published = publishedOnly ? await publishedNames(await cache.list({ signal }), signal) : [];
  const removed = all ? await cache.removeAll({ signal }) : await cache.remove(published, { signal });
  const unused = await cache.removeUnused({ signal });
  return {
    ...unused,
    ...{ names: removed.names, blobs: removed.blobs + unused.blobs, sizeBytes: removed.sizeBytes + unused.sizeBytes },
  };
}

/** Published for everybody: nobody's credentials are shown. */
async function publishedNames(
  images: readonly NamedDescriptor[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const [{ createRegistryClient }, { publishedImages }] = await Promise.all([
    import("../../oci/registry/client.ts"),
    import("../../oci/cache/published.ts"),
  ]);
  const client = createRegistryClient({ env: process.env });
  try {
    return (await publishedImages(client, images, { signal })).map(({ name }) => name);
  } finally {
    client.close();
  }
}

async function* exportImage(cache: Cache, name: string, options: CacheExportOptions): ContentStream {
  const { format = "oci", signal } = options;
  const root = await cache.resolve(name, { signal });
  if (root === undefined) throw missingName(name);
  const platform = await exportedPlatform(cache, root, options);
  const named = options.name ?? wholeName(name);
  yield* cache.exportArchive(root, {
    ...{ format, signal },
    ...(named === undefined ? {} : { name: named }),
    ...(platform ? { platform } : {}),
  });
}

/** The whole name; what is asked for by digest has none. */
function wholeName(name: string): string | undefined {
  const reference = parseReference(name);
  return reference.digest === undefined ? formatReference(reference) : undefined;
}

/** Undefined for everything, or for the only image that there is. */
async function exportedPlatform(
  cache: Cache,
  root: Descriptor,
  { platform, format, signal }: CacheExportOptions,
): Promise<Platform | undefined> {
  if (platform === "all" && format !== undefined && format !== "oci") {
    throw new InputError("INPUT_OPTION_INVALID", `an archive in the format ${format} is of one platform`, {
      hint: "Name the platform.",
    });
  }
  if (platform !== undefined) return platform === "all" ? undefined : parsePlatform(platform);
  const entries = await cache.flattenIndex(root, { signal });
  const [only, ...others] = entries.flatMap((entry) => descriptorPlatform(entry) ?? []);
  return only !== undefined && others.length === 0 ? only : hostPlatform();
}

function hostPlatform(): Platform {
  return parsePlatform(`linux/${process.arch === "x64" ? "amd64" : process.arch}`);
}

async function* fileContent(path: string): ContentStream {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 64 * 1024 }))
      if (chunk instanceof Uint8Array) yield chunk;
  } catch (cause) {
    throw new InputError("INPUT_SOURCE_UNREADABLE", `${path} cannot be read`, { cause, hint: "Name a tar file." });
  }
}

async function pullImages(
  cache: Cache,
  stores: Stores,
  name: string,
  { platforms, signal }: CachePullOptions,
): Promise<Descriptor> {
  const { pullIntoCache } = await import("../../oci/cache/pull.ts");
  const chosen = platforms?.map(parsePlatform);
  return await pullIntoCache(cache, stores.reader(), name, { signal, ...(chosen ? { platforms: chosen } : {}) });
}
