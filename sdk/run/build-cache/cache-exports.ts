import { isKitsmithError } from "../../core/errors.ts";
import type { CacheExportOptions, Engine } from "../../engine/engine.ts";
import type { NodeName } from "../../progress/event.ts";
import type { RunContext } from "../run.ts";
import type { BuildEvidence } from "./build-evidence.ts";
import { nameLocalCache } from "./local-cache.ts";
import type { ResolvedCaches, ResolvedExport } from "./resolved-caches.ts";

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
  const { caches, evidence, definition, node } = build;
  const cached = evidence.cameFromCache(definition);
  const notice = (level: "info" | "warning", message: string): void =>
    emit({ type: "notice", at: Date.now(), level, node, message });
  const isUseless = ({ when, entry }: ResolvedExport): boolean =>
    when === "changed" && cached && evidence.wasImported(entry);
  for (const { title } of caches.beside.filter(isUseless)) {
    notice("info", `the ${title} is not written again: every step came from a cache, and this one was read`);
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

/** What is left to do once the engine has written a cache. */
export async function finishExport(
  { local }: ResolvedExport,
  response: Readonly<Record<string, string>>,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  if (local) await nameLocalCache(local.directory, local.tag, response, options);
}
