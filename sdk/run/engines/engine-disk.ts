import type { Abortable } from "../../core/abort.ts";
import { type PlatformText, parsePlatform } from "../../core/platform.ts";
import type { CacheRecord } from "../../engine/disk-usage.ts";
import type { Engine } from "../../engine/engine.ts";
import { createEnginePool } from "./engine-pool.ts";
import type { EngineSelection } from "./engine-selection.ts";

/** Which engines are meant: those that would build these platforms. */
export interface EngineDiskOptions extends Abortable {
  readonly engines: EngineSelection;
  readonly platforms: readonly PlatformText[];
}

/** The build cache of an engine, or what was removed from it. */
export interface EngineDisk {
  readonly address: string;
  readonly records: readonly CacheRecord[];
}

/** What lies in the build caches of engines. @throws EngineError */
export async function engineDiskUsage(options: EngineDiskOptions): Promise<readonly EngineDisk[]> {
  return await withEngines(options, (engine) => engine.diskUsage(options));
}

/** Removes what nothing uses from the build caches of engines. @throws EngineError */
export async function pruneEngines(options: EngineDiskOptions): Promise<readonly EngineDisk[]> {
  return await withEngines(options, (engine) => engine.prune(options));
}

async function withEngines(
  { engines, platforms, signal = new AbortController().signal }: EngineDiskOptions,
  ask: (engine: Engine) => Promise<readonly CacheRecord[]>,
): Promise<readonly EngineDisk[]> {
  await using pool = createEnginePool({ signal, emit: () => {} });
  const found = new Map<string, Engine>();
  for (const platform of platforms) {
    const { engine } = await pool.forPlatform(parsePlatform(platform), engines);
    found.set(engine.address, engine);
  }
  return await Promise.all([...found].map(async ([address, engine]) => ({ address, records: await ask(engine) })));
}
