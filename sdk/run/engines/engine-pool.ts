import { setMaxListeners } from "node:events";
import { availableParallelism } from "node:os";
import { createLimiter, type Limiter } from "../../core/concurrency.ts";
import { EngineError } from "../../core/errors.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import type { RegistrySettings } from "../../credentials/registry-policy.ts";
import type { EnsuredBuilders } from "../../engine/builder/builder-engine.ts";
import type { Engine, EngineInfo } from "../../engine/engine.ts";
import type { EngineFacts } from "../../plan/plan.ts";
import type { RunContext } from "../run.ts";
import type { EngineChoice, EngineSelection } from "./engine-selection.ts";

/** A connected engine of a run. */
export interface PooledEngine {
  readonly engine: Engine;
  readonly info: EngineInfo;
  readonly facts: EngineFacts;
  /** How many builds it runs at once. */
  readonly parallel: number;
  /** Holds to that; a build is one platform of one package. */
  readonly limit: Limiter;
  /** What network steps get that ask for one. */
  readonly sandboxNetwork: "sandbox" | "host";
}

/** The engines of a run: each is connected once, when the first node needs it, and closed with the run. */
export interface EnginePool extends AsyncDisposable {
  forPlatform(platform: Platform, selection: EngineSelection): Promise<PooledEngine>;
  /**
   * The same ahead of the need, where it costs nothing should the need not come: undefined for an engine that would have to
   * be found, or started.
   */
  ahead(platform: Platform, selection: EngineSelection): Promise<PooledEngine> | undefined;
  /** The same after the connection to an engine broke: connects anew, once for all that lost it. */
  renew(lost: PooledEngine, platform: Platform, selection: EngineSelection): Promise<PooledEngine>;
}

/** Connects to nothing yet. Engines that are started reach registries as the settings say. */
export function createEnginePool(run: RunContext, registries?: RegistrySettings): EnginePool {
  const closing = new AbortController();
  const context: RunContext = { ...run, signal: AbortSignal.any([run.signal, closing.signal]) };
  setMaxListeners(0, context.signal);
  const opened = new Map<string, Promise<PooledEngine>>();
  const byAddress = new Map<string, PooledEngine>();
  const keys = new Map<PooledEngine, Set<string>>();
  const all = new Set<Engine>();
  const ensured: EnsuredBuilders = new Map();

  async function open(choice: EngineChoice, platform: Platform, wanted: number | undefined): Promise<PooledEngine> {
    const { openEngine } = await import("./engine-choice.ts");
    const { engine, sandboxNetwork } = await openEngine(choice, platform, { context, registries, ensured });
    const known = byAddress.get(engine.address);
    if (known) {
      await engine[Symbol.asyncDispose]();
      return known;
    }
    const { signal } = context;
    const [info, processors] = await Promise.all([engine.info({ signal }), engine.processors({ signal })]);
    const { platforms, nativePlatforms } = info;
    const parallel = wanted ?? parallelBuilds(engine.address, processors);
    const pooled: PooledEngine = {
      engine,
      info,
      facts: { address: engine.address, platforms, nativePlatforms },
      parallel,
      limit: createBuildLimiter(parallel),
      sandboxNetwork,
    };
    byAddress.set(engine.address, pooled);
    return pooled;
  }

  async function openAs(key: string, ...args: Parameters<typeof open>): Promise<PooledEngine> {
    const pooled = await open(...args);
    all.add(pooled.engine);
    keys.set(pooled, (keys.get(pooled) ?? new Set()).add(key));
    return pooled;
  }

  function forPlatform(platform: Platform, selection: EngineSelection): Promise<PooledEngine> {
    const name = formatPlatform(platform);
    const choice = selection.byPlatform[name] ?? selection.default;
    const key = JSON.stringify([choice, isFound(choice) ? name : ""]);
    const pending = opened.get(key) ?? openAs(key, choice, platform, selection.parallel);
    opened.set(key, pending);
    return pending;
  }

  return {
    forPlatform,
    ahead: (platform, selection) => {
      const { kind } = selection.byPlatform[formatPlatform(platform)] ?? selection.default;
      return kind === "address" || kind === "docker" ? forPlatform(platform, selection) : undefined;
    },
    renew: (lost, platform, selection) => {
      for (const key of keys.get(lost) ?? []) opened.delete(key);
      keys.delete(lost);
      if (byAddress.get(lost.engine.address) === lost) byAddress.delete(lost.engine.address);
      return forPlatform(platform, selection);
    },
    [Symbol.asyncDispose]: async () => {
      // What was opened ahead may be still under way, and is not needed any more.
      closing.abort(new EngineError("ENGINE_UNREACHABLE", "the run is over"));
      await Promise.allSettled(opened.values());
      await Promise.all([...all].map((engine) => engine[Symbol.asyncDispose]()));
    },
  };
}

/** A build whose steps are done gives its turn to another, as long as not all that are open are being exported. */
function createBuildLimiter(parallel: number): Limiter {
  const open = createLimiter(parallel * 2);
  const running = createLimiter(parallel);
  return (task, options) => open(() => running(task, options), options);
}

/** True where the platform decides which engine it is. */
function isFound(choice: EngineChoice): boolean {
  return choice.kind === "local" || (choice.kind === "container" && choice.docker === undefined);
}

const FEWEST_BUILDS = 16;
const BUILDS_PER_PROCESSOR = 24;

/**
 * The daemon has a limit of its own for steps that run at once; ours only bounds open sessions and connections. A build
 * mostly waits, for the network and for its longest step, so many together are done soonest.
 */
function parallelBuilds(address: string, processors: number | undefined): number {
  const known = processors ?? (address.startsWith("unix:") ? availableParallelism() : 1);
  return Math.max(FEWEST_BUILDS, known * BUILDS_PER_PROCESSOR);
}
