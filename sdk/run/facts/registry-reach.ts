import { setMaxListeners } from "node:events";
import { EngineError, isKitsmithError } from "../../core/errors.ts";
import { llb, marshal } from "../../llb/index.ts";
import type { PooledEngine } from "../engines/engine-pool.ts";
import type { RunContext } from "../run.ts";

/** Tells whether an engine reaches a registry. */
export type RegistryReach = (engine: PooledEngine, registry: string) => Promise<boolean>;

/** An image that nobody has: only how the answer fails is of interest. */
const PROBE = "kitsmith/reachability-probe:none";
/** What the network says when nobody is there; any other failure is the registry's own answer. */
const NOBODY_THERE = /dial tcp|connection refused|no such host|no route to host|network is unreachable|i\/o timeout/i;

/** Questions to engines about registries; disposing it ends those that are under way. */
export interface RegistryReaches extends AsyncDisposable {
  readonly reach: RegistryReach;
}

/**
 * Asks each engine once about each registry, by letting it look for an image that is not there.
 *
 * @param kept - what is pushed goes through the cache: then it does not matter what an engine reaches
 */
export function openRegistryReaches({ emit, signal }: RunContext, kept: boolean): RegistryReaches {
  const answers = new Map<string, Promise<boolean>>();
  const closing = new AbortController();
  const context: RunContext = { emit, signal: AbortSignal.any([signal, closing.signal]) };
  setMaxListeners(0, context.signal);
  return {
    reach: async (engine, registry) => {
      if (kept) return false;
      const key = `${engine.facts.address} ${registry}`;
      const answer = answers.get(key) ?? probe(engine, registry, context);
      answers.set(key, answer);
      return await answer;
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await Promise.allSettled(answers.values());
    },
  };
}

async function probe({ engine, facts }: PooledEngine, registry: string, context: RunContext): Promise<boolean> {
  const { signal, emit } = context;
  const [platform] = facts.platforms;
  if (!platform) return true;
  try {
    await engine.tryGraph(marshal(llb.image(`${registry}/${PROBE}`), { platform }), { signal });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EngineError) throw error;
    if (!isKitsmithError(error) || !NOBODY_THERE.test(error.message)) return true;
    emit({
      type: "notice",
      at: Date.now(),
      level: "warning",
      message: `${facts.address} cannot reach ${registry}: what it builds is pushed through this machine`,
    });
    return false;
  }
}
