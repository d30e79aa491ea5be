import type { Abortable } from "../core/abort.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import { exportCache } from "./cache-export.ts";
import { pruneCache, readDiskUsage } from "./disk-usage.ts";
import type { ContainerEndpoint } from "./docker/container-address.ts";
import { readDockerProcessors } from "./docker/docker-processors.ts";
import type { Engine } from "./engine.ts";
import { readEngineInfo } from "./engine-info.ts";
import { tryGraph } from "./graph-trial.ts";
import { openJob } from "./job/job.ts";
import { openJobSession } from "./job/job-connection.ts";
import { createContainerTransport, createTransport, type EngineKind } from "./transport.ts";

/** An engine whose address is understood. */
export interface EngineTarget extends Abortable {
  readonly kind: EngineKind;
  readonly endpoint: Endpoint | ContainerEndpoint;
  /** For people. */
  readonly name: string;
}

/** Connects and asks what the engine is; failures are those of the calls. */
export async function openEngine({ kind, endpoint, name, signal }: EngineTarget): Promise<Engine> {
  const transport = "docker" in endpoint ? createContainerTransport(endpoint) : createTransport(kind, endpoint);
  const docker = "docker" in endpoint ? endpoint.docker : kind === "docker" ? endpoint : undefined;
  const main = transport.createClient();
  try {
    const info = await readEngineInfo(main, kind, { signal });
    return Object.freeze({
      address: name,
      kind,
      info: async () => info,
      processors: async (options) => (docker ? await readDockerProcessors(docker, options) : undefined),
      diskUsage: (options) => readDiskUsage(main, options),
      prune: (options) => pruneCache(main, options),
      tryGraph: (definition, options) => tryGraph({ address: name, transport, main }, definition, options),
      openSession: (options) => openJobSession({ address: name, transport, main }, options),
      openJob: (options) => openJob({ address: name, transport, main }, options),
      exportCache: (options) => exportCache({ address: name, transport, main }, options),
      [Symbol.asyncDispose]: async () => main.close(),
    } satisfies Engine);
  } catch (error) {
    main.close();
    throw error;
  }
}
