import { withDeadline } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import { llb, marshal } from "../../llb/index.ts";
import type { PooledEngine } from "../engines/engine-pool.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";

/** Tells whether an engine reaches the run's loopback registry. */
export type LoopbackReach = (engine: PooledEngine) => Promise<boolean>;

/** Whoever else listens on the engine's port may be silent; we answer in no time. */
const ANSWER_TIMEOUT_MS = 2000;

/** Asks each engine once, by letting it look for an image there; where it does not ask us, somebody else may listen. */
export function createLoopbackReach(stores: Stores, context: RunContext): LoopbackReach {
  const answers = new Map<string, Promise<boolean>>();
  return (engine) => {
    const { address } = engine.facts;
    const answer = answers.get(address) ?? probe(engine, stores, context);
    answers.set(address, answer);
    // What was lost on the way may come back.
    answer.catch(() => answers.delete(address));
    return answer;
  };
}

async function probe({ engine, facts, info }: PooledEngine, stores: Stores, { signal }: RunContext): Promise<boolean> {
  const [platform] = facts.platforms;
  // What is behind another kind of address has another loopback.
  if (!facts.address.startsWith("unix://") || !info.exporters.includes("image") || !platform) return false;
  const repository = (await stores.loopback()).openRepository();
  const { registry, repository: name } = repository.reference;
  const graph = marshal(llb.image(`${registry}/${name}:none`), { platform });
  const deadline = { signal, timeoutMs: ANSWER_TIMEOUT_MS, late: () => undefined };
  await withDeadline(deadline, (either) => engine.tryGraph(graph, { signal: either })).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof EngineError) throw error;
  });
  return repository.wasReached();
}
