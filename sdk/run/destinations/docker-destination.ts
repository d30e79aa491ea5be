import { parsePlatform } from "../../core/platform.ts";
import { dockerEndpoint } from "../../engine/discovery/docker-endpoint.ts";
import { exportArchive } from "../../oci/layout/archive-export.ts";
import { loadIntoDocker } from "../../outputs/docker-load.ts";
import type { PlannedPackage } from "../../plan/plan.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import { createCacheDestination } from "./cache-destination.ts";
import type { Destination } from "./destination.ts";

/** Loads images into the docker daemon that the docker CLI would use, by way of the cache. */
export function createDockerDestination(stores: Stores, context: RunContext): Destination {
  const cached = createCacheDestination(stores, context);
  return {
    ...cached,
    publish: async (planned, images) => {
      const index = await cached.publish(planned, images);
      await loadImages(planned, stores, context);
      return index;
    },
  };
}

async function loadImages(planned: PlannedPackage, stores: Stores, { signal, emit }: RunContext): Promise<void> {
  const cache = await stores.cache();
  const index = await cache.resolve(planned.reference, { signal });
  if (!index) return;
  const endpoint = await dockerEndpoint(process.env);
  for (const node of planned.nodes) {
    const platform = parsePlatform(node.platform);
    const archive = exportArchive(cache, index, { format: "docker", name: node.reference, platform, signal });
    await loadIntoDocker(endpoint, archive, signal);
    emit({
      type: "notice",
      at: Date.now(),
      level: "info",
      node: { package: node.package, platform: node.platform },
      message: `loaded into docker as ${node.reference}`,
    });
  }
}
