import { delay } from "../../core/abort.ts";
import { isKitsmithError } from "../../core/errors.ts";
import type { CacheEntry, CacheExportOptions, Engine } from "../../engine/engine.ts";
import type { NodeName } from "../../progress/event.ts";
import type { RunContext } from "../run.ts";
import type { BuildEvidence } from "./build-evidence.ts";
import { nameLocalCache } from "./local-cache.ts";
import type { ResolvedCaches, ResolvedExport } from "./resolved-caches.ts";

const STATUS_ROUNDS = 10;
const STATUS_MS = 50;
/** The attributes that say where a cache is. */
const PLACES = ["ref", "src", "scope", "bucket", "prefix", "account_url", "container", "name"];

/** Exports of caches that go on beside the run, which waits for them at its end. */
export interface CacheExports {
  /** Adds work that has begun and never rejects. */
  add(work: Promise<void>): void;
  settled(): Promise<void>;
}

/** None yet. */
export function createCacheExports(): CacheExports {
  const begun: Promise<void>[] = [];
  return {
    add: (work) => void begun.push(work),
    settled: async () => void (await Promise.all(begun)),
  };
}

/** A build whose caches are exported. */
export interface CachedBuild extends Omit<CacheExportOptions, "cacheExports"> {
  readonly node: NodeName;
  readonly engine: Engine;
  readonly caches: ResolvedCaches;
  readonly evidence: BuildEvidence;
}

/**
 * Writes the caches of a build, but for those that were just read and had everything. A failure is a warning: the images are
 * right without a cache.
 */
export async function exportCaches(build: CachedBuild, { emit, signal }: RunContext): Promise<void> {
  const { caches, node } = build;
  const fetched = await wasFetched(build);
  const notice = (level: "info" | "warning", message: string): void =>
    emit({ type: "notice", at: Date.now(), level, node, message });
  const isUseless = ({ when, entry }: ResolvedExport): boolean =>
    when === "changed" && fetched && isOnlyImport(entry, caches);
  for (const { title } of caches.beside.filter(isUseless)) {
    notice("info", `the ${title} is not written again: it had every step`);
  }
  const wanted = caches.beside.filter((one) => !isUseless(one));
  await Promise.all(
    wanted.map(async (one) => {
      try {
        const response = await build.engine.exportCache({ ...build, cacheExports: [one.entry], signal });
        await finishExport(one, response, { signal });
      } catch (error) {
        if (signal.aborted) return;
        const why = isKitsmithError(error) ? error.message : "it failed";
        notice("warning", `the ${one.title} could not be written: ${why}`);
      }
    }),
  );
}

/** The status comes on another connection than the answer, and a little later; nobody waits for it here. */
async function wasFetched({ caches, evidence, definition }: CachedBuild): Promise<boolean> {
  if (!caches.beside.some(({ entry }) => isOnlyImport(entry, caches))) return false;
  for (let round = 0; round < STATUS_ROUNDS && !evidence.wasFetched(definition); round += 1) await delay(STATUS_MS);
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
