import type { PooledEngine } from "../engines/engine-pool.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";

/** Tells whether an engine reaches the run's loopback registry. */
export type LoopbackReach = (engine: PooledEngine) => Promise<boolean>;

/** Asks each engine once, by letting it look for an image there; where it does not ask us, somebody else may listen. */
export function createLoopbackReach(stores: Stores, context: RunContext): LoopbackReach {
  const answers = new Map<string, Promise<boolean>>();
  return (engine) => {
    const { address } = engine.facts;
    const answer = answers.get(address) ?? probe(engine, stores, context);
    answers.set(address, answer);
    return answer;
  };
}

async function probe({ engine, facts, info }: PooledEngine, stores: Stores, { signal }: RunContext): Promise<boolean> {
  const [platform] = facts.platforms;
  // What is behind another kind of address has another loopback.
  if (!facts.address.startsWith("unix://") || !info.exporters.includes("image") || !platform) return false;
  const repository = (await stores.loopback()).openRepository();
  await using job = await engine.openJob({ exporters: [], services: [], sharedKey: "loopback-reach", signal });
  const { registry, repository: name } = repository.reference;
  await job.resolveImage(`${registry}/${name}:none`, platform, { signal }).catch(() => undefined);
  signal.throwIfAborted();
  return repository.wasReached();
}
