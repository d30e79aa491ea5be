import { isKitsmithError } from "../../core/errors.ts";
import type { PooledEngine } from "../engines/engine-pool.ts";
import type { RunContext } from "../run.ts";

/** Tells whether an engine reaches a registry. */
export type RegistryReach = (engine: PooledEngine, registry: string) => Promise<boolean>;

/** An image that nobody has: only how the answer fails is of interest. */
const PROBE = "kitsmith/reachability-probe:none";
/** What the network says when nobody is there; any other failure is the registry's own answer. */
const NOBODY_THERE = /dial tcp|connection refused|no such host|no route to host|network is unreachable|i\/o timeout/i;

/** Asks each engine once about each registry, by letting it look for an image that is not there. */
export function createRegistryReach(context: RunContext): RegistryReach {
  const answers = new Map<string, Promise<boolean>>();
  return (engine, registry) => {
    const key = `${engine.facts.address} ${registry}`;
    const answer = answers.get(key) ?? probe(engine, registry, context);
    answers.set(key, answer);
    return answer;
  };
}

async function probe({ engine, facts }: PooledEngine, registry: string, context: RunContext): Promise<boolean> {
  const { signal, emit } = context;
  const [platform] = facts.platforms;
  if (!platform) return true;
  await using job = await engine.openJob({ exporters: [], services: [], sharedKey: "registry-reach", signal });
  try {
    await job.resolveImage(`${registry}/${PROBE}`, platform, { signal });
    return true;
  } catch (error) {
    signal.throwIfAborted();
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
