import { delay } from "../../core/abort.ts";
import { ContentError, isKitsmithError } from "../../core/errors.ts";
import type { CacheEntry, CacheExportOptions, Engine } from "../../engine/engine.ts";
import type { NodeName } from "../../progress/event.ts";
import type { RunContext } from "../run.ts";
import type { BuildEvidence } from "./build-evidence.ts";
import { nameLocalCache } from "./local-cache.ts";
import type { ResolvedCaches, ResolvedExport } from "./resolved-caches.ts";
import { silentStore } from "./silent-stores.ts";

const STATUS_ROUNDS = 15;
const STATUS_MS = 20;
/** The attributes that say where a cache is. */
const PLACES = ["ref", "src", "scope", "bucket", "prefix", "account_url", "container", "name"];

/** Exports of caches that go on beside the run, which waits for them at its end. */
export interface CacheExports {
  /** Begins to write the caches of a build; resolves as soon as it is known which. */
  begin(build: CachedBuild): Promise<void>;
  settled(): Promise<void>;
}

/** None yet. They belong to the run: builds may be over long before. */
export function createCacheExports(context: RunContext): CacheExports {
  const begun: Promise<void>[] = [];
  return {
    begin: async (build) => {
      const wanted = await usefulExports(build, context);
      begun.push(exportCaches(build, wanted, context));
    },
    settled: async () => void (await Promise.all(begun)),
  };
}

/** A build whose caches are exported. */
export interface CachedBuild extends Omit<CacheExportOptions, "cacheExports"> {
  readonly node: NodeName;
  readonly engine: Engine;
  readonly caches: ResolvedCaches;
  readonly evidence: BuildEvidence;
  /** Makes the engine get the result's layers; undefined where it can do without them. */
  readonly fetch: (() => Promise<void>) | undefined;
}

/** Leaves out the cache that had everything already. */
async function usefulExports(build: CachedBuild, { emit }: RunContext): Promise<readonly ResolvedExport[]> {
  const { caches, node } = build;
  const known = caches.beside.filter(({ when, entry }) => when === "changed" && isOnlyImport(entry, caches));
  if (known.length === 0 || !(await wasFetched(build))) return caches.beside;
  for (const { title } of known) {
    const message = `the ${title} is not written again: it had every step`;
    emit({ type: "notice", at: Date.now(), level: "info", node, message });
  }
  return caches.beside.filter((one) => !known.includes(one));
}

/** A failure is a warning: the images are right without a cache. */
async function exportCaches(
  build: CachedBuild,
  exports: readonly ResolvedExport[],
  { emit, signal }: RunContext,
): Promise<void> {
  const write = async (one: ResolvedExport): Promise<void> => {
    try {
      const silent = await silentStore(one.entry, { signal });
      // The engine would wait for it without limit, and the run for the engine.
      if (silent !== undefined) throw new ContentError("CONTENT_WRITE_FAILED", `${silent} says nothing`);
      const response = await build.engine.exportCache({ ...build, cacheExports: [one.entry], signal });
      await finishExport(one, response, { signal });
    } catch (error) {
      if (signal.aborted) return;
      const why = isKitsmithError(error) ? error.message : "it failed";
      const message = `the ${one.title} could not be written: ${why}`;
      emit({ type: "notice", at: Date.now(), level: "warning", node: build.node, message });
    }
  };
  await Promise.all(exports.map(write));
}

/**
 * Asks for the layers, and sees whether they had to be fetched. The status comes on another connection than the answers, and a
 * little later.
 */
async function wasFetched({ evidence, definition, fetch }: CachedBuild): Promise<boolean> {
  const until = async (isKnown: () => boolean): Promise<void> => {
    for (let round = 0; round < STATUS_ROUNDS && !isKnown(); round += 1) await delay(STATUS_MS);
  };
  await until(() => evidence.lastStep(definition) !== undefined);
  if (fetch === undefined || evidence.lastStep(definition) === "ran") return false;
  await fetch();
  await until(() => evidence.lastStep(definition) !== "cached");
  return evidence.wasFetched(definition);
}

/** True if there is no other place that results could have come from. */
function isOnlyImport({ type, attributes }: CacheEntry, { imports }: ResolvedCaches): boolean {
  const placeOf = (given: Readonly<Record<string, string>>): string =>
    JSON.stringify(PLACES.map((name) => (name === "src" ? (given.src ?? given.dest) : given[name])));
  return (
    imports.length > 0 && imports.every((one) => one.type === type && placeOf(one.attributes) === placeOf(attributes))
  );
}

/** What is left to do once the engine has written a cache. */
export async function finishExport(
  { local }: ResolvedExport,
  response: Readonly<Record<string, string>>,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  if (local) await nameLocalCache(local.directory, local.tag, response, options);
}
