import { Control } from "../proto/gen/control_pb.js";
import { createIdentifier } from "../session/identifier.ts";
import type { CacheExportOptions } from "./engine.ts";
import { openJobSession } from "./job/job-connection.ts";
import { explainFailure, type JobEngine, recoverFromHistory } from "./job/job-failure.ts";
import { encodeCacheExport } from "./job/solve-message.ts";
import { followStatus } from "./job/status-follower.ts";

/**
 * Solves a graph again for nothing but its caches. Within an engine, steps of equal graphs are the same steps: while the job
 * that built it is open, all results are at hand.
 *
 * @throws BuildError `BUILD_FAILED` if a cache cannot be written; EngineError `ENGINE_LOST`
 */
export async function exportCache(
  engine: JobEngine,
  options: CacheExportOptions,
): Promise<Readonly<Record<string, string>>> {
  const { signal } = options;
  signal?.throwIfAborted();
  await using session = await openJobSession(engine, options);
  const ref = createIdentifier();
  const client = engine.transport.createClient();
  const follower = followStatus(engine.main, ref, options.onStatus);
  const watch = { beside: engine.main.probe, soon: follower.vertexFailed };
  try {
    const request = encodeCacheExport(ref, session.id, options);
    const { ExporterResponse } = await client.unary(Control.method.solve, request, { signal, watch });
    return Object.freeze({ ...ExporterResponse });
  } catch (error) {
    signal?.throwIfAborted();
    const evidence = { engine, session, follower, sourceRoot: undefined, sourcePolicy: false };
    throw await explainFailure(evidence, error, () => recoverFromHistory(engine, ref));
  } finally {
    await follower.drain();
    client.close();
  }
}
