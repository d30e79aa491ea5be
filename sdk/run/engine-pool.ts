import { availableParallelism } from "node:os";
import { createLimiter, type Limiter } from "../core/concurrency.ts";
import { formatPlatform, type Platform } from "../core/platform.ts";
import type { Engine, EngineInfo } from "../engine/engine.ts";
import type { EngineFacts } from "../plan/plan.ts";
import { openEngine } from "./engine-choice.ts";
import type { EngineChoice, EngineSelection } from "./engine-selection.ts";
import type { RunContext } from "./run.ts";

/** A connected engine of a run. */
export interface PooledEngine {
  readonly engine: Engine;
  readonly info: EngineInfo;
  readonly facts: EngineFacts;
  /** Keeps the number of builds that it runs at once in bounds. */
  readonly limit: Limiter;
  /** What network steps get that ask for one. */
  readonly sandboxNetwork: "sandbox" | "host";
}

/** The engines of a run: each is connected once, when the first node needs it, and closed with the run. */
export interface EnginePool extends AsyncDisposable {
  forPlatform(platform: Platform, selection: EngineSelection): Promise<PooledEngine>;
}

/** Connects to nothing yet. */
export function createEnginePool(context: RunContext): EnginePool {
  const opened = new Map<string, Promise<PooledEngine>>();
  const byAddress = new Map<string, PooledEngine>();

  async function open(choice: EngineChoice, platform: Platform): Promise<PooledEngine> {
    const { engine, sandboxNetwork } = await openEngine(choice, platform, context);
    const known = byAddress.get(engine.address);
    if (known) {
      await engine[Symbol.asyncDispose]();
      return known;
    }
    const info = await engine.info({ signal: context.signal });
    const { platforms, nativePlatforms } = info;
    const pooled: PooledEngine = {
      engine,
      info,
      facts: { address: engine.address, platforms, nativePlatforms },
      limit: createLimiter(Math.max(4, availableParallelism() * 2)),
      sandboxNetwork,
    };
    byAddress.set(engine.address, pooled);
    return pooled;
  }

  return {
    forPlatform: (platform, selection) => {
      const name = formatPlatform(platform);
      const choice = selection.byPlatform[name] ?? selection.default;
      const key = JSON.stringify([choice, choice.kind === "local" ? name : ""]);
      const pending = opened.get(key) ?? open(choice, platform);
      opened.set(key, pending);
      return pending;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled(opened.values());
      await Promise.all([...byAddress.values()].map(({ engine }) => engine[Symbol.asyncDispose]()));
    },
  };
}
