import { resolve } from "node:path";
import { settleAll } from "../../core/concurrency.ts";
import type { CacheEntry } from "../../engine/engine.ts";
import type { PackageSpec } from "../facade/package-spec.ts";
import { cacheEntry, type EntryOptions, localStoreName, localTag, type PlacedCache } from "./entry.ts";
import { findLocalCache, prepareLocalCache } from "./local-cache.ts";
import { NO_CACHES } from "./settings.ts";

/** A cache that is written. */
export interface ResolvedExport {
  readonly entry: CacheEntry;
  /** For people: `registry cache 127.0.0.1:5000/p:buildcache-amd64`. */
  readonly title: string;
  /** The directory and the name in it, for a cache that the client keeps. */
  readonly local?: { readonly directory: string; readonly tag: string };
  readonly when: "changed" | "always";
}

/** The caches of one build, with BuildKit's attributes. */
export interface ResolvedCaches {
  readonly imports: readonly CacheEntry[];
  /** A part of the build: it fails with them. */
  readonly inBuild: readonly ResolvedExport[];
  /** Written beside what follows the build. */
  readonly beside: readonly ResolvedExport[];
  /** Directories that the session serves, by name. */
  readonly directories: ReadonlyMap<string, string>;
  /** Names of those that are written to. */
  readonly writable: ReadonlySet<string>;
}

/**
 * Makes a package's caches ready for a build. Local caches that are not there are left out.
 *
 * @throws InputError `INPUT_REFERENCE_INVALID`, `INPUT_SECRET_MISSING`; ContentError `CONTENT_WRITE_FAILED`
 */
export async function resolveCaches(
  { caches = NO_CACHES, sharedCaches = NO_CACHES }: Pick<PackageSpec, "caches" | "sharedCaches">,
  image: string,
  options: EntryOptions,
): Promise<ResolvedCaches> {
  const shared: EntryOptions = { ...options, owner: { ...options.owner, image } };
  const directories = new Map<string, string>();
  const writable = new Set<string>();
  const serve = (directory: string): string => {
    directories.set(localStoreName(directory), resolve(directory));
    return localStoreName(directory);
  };
  const imports = await settleAll([
    ...caches.from.map((cache) => resolveImport(cache, options, serve)),
    ...sharedCaches.from.map((cache) => resolveImport(cache, shared, serve)),
  ]);
  const exports = await settleAll([
    ...caches.to.map((cache) => resolveExport(cache, options)),
    ...sharedCaches.to.map((cache) => resolveExport(cache, shared)),
  ]);
  for (const { local } of exports) if (local !== undefined) writable.add(serve(local.directory));
  return {
    imports: imports.filter((entry) => entry !== undefined),
    inBuild: exports.filter(({ beside }) => !beside),
    beside: exports.filter(({ beside }) => beside),
    directories,
    writable,
  };
}

type Import = NonNullable<PackageSpec["caches"]>["from"][number];
type Export = NonNullable<PackageSpec["caches"]>["to"][number];

async function resolveImport(
  cache: Import,
  options: EntryOptions,
  serve: (directory: string) => string,
): Promise<CacheEntry | undefined> {
  if (cache.type !== "local") return await cacheEntry(cache, options);
  const digest = cache.digest ?? (await findLocalCache(resolve(cache.src), localTag(cache, options.owner)));
  if (digest === undefined) return undefined;
  serve(cache.src);
  return await cacheEntry({ ...cache, digest }, options);
}

async function resolveExport(
  cache: Export,
  options: EntryOptions,
): Promise<ResolvedExport & { readonly beside: boolean }> {
  if (cache.type === "inline") {
    const entry: CacheEntry = { type: "inline", attributes: {} };
    return { entry, title: "inline cache", when: "always", beside: false };
  }
  const entry = await cacheEntry(cache, options);
  const { when = "changed", ignoreError: beside = true } = cache;
  const local =
    cache.type === "local" ? { directory: resolve(cache.dest), tag: localTag(cache, options.owner) } : undefined;
  if (local) await prepareLocalCache(local.directory);
  return { entry, title: titleOf(cache, entry, local), when, beside, ...(local ? { local } : {}) };
}

function titleOf({ type }: PlacedCache, { attributes }: CacheEntry, local: ResolvedExport["local"]): string {
  const { ref, scope, bucket, container, name } = attributes;
  const place = local ? `${local.directory}:${local.tag}` : (ref ?? scope ?? [bucket ?? container, name].join("/"));
  return `${type} cache ${place}`;
}
