import { join, parse } from "node:path";
import { type PlatformText, parsePlatform } from "../../core/platform.ts";
import { exportArchive } from "../../oci/layout/archive-export.ts";
import { archiveOutput, writeComplete } from "../../outputs/archive-output.ts";
import type { BuildOutput } from "../../outputs/build-output.ts";
import { localOutput } from "../../outputs/local-output.ts";
import type { PlanNode, PlannedPackage } from "../../plan/plan.ts";
import type { RunNode } from "../build/node.ts";
import type { ExportOptions } from "../facade/options.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import { createCacheDestination } from "./cache-destination.ts";
import type { Destination } from "./destination.ts";

/** Writes files: root file systems straight from the engine, images by way of the cache. */
export function createFileDestination(options: ExportOptions, stores: Stores, context: RunContext): Destination {
  const { type, dest } = options;
  if (type === "tar")
    return rootDestination((node) =>
      archiveOutput(platformFile(dest, node.plan), node.tagged.package.reproducible?.epochSeconds),
    );
  if (type === "local")
    return rootDestination((node) => {
      const epochSeconds = node.tagged.package.reproducible?.epochSeconds;
      return localOutput(platformDirectory(dest, node.plan), { epochSeconds, mode: options.mode });
    });
  const cached = createCacheDestination(stores, context, options);
  return {
    ...cached,
    publish: async (planned, images) => {
      const index = await cached.publish(planned, images);
      await writeArchives(planned, { type, dest }, stores, context);
      return index;
    },
  };
}

/** One root file system for each node, and no image anywhere. */
function rootDestination(outputOf: (node: RunNode) => BuildOutput): Destination {
  return {
    output: async (node) => outputOf(node),
    settle: async () => {},
    transfer: async () => undefined,
    publish: async () => undefined,
  };
}

async function writeArchives(
  planned: PlannedPackage,
  { type, dest }: { readonly type: "oci" | "docker"; readonly dest: string },
  stores: Stores,
  { signal }: RunContext,
): Promise<void> {
  const cache = await stores.cache();
  const index = await cache.resolve(planned.reference, { signal });
  if (!index) return;
  if (type === "oci") {
    const archive = exportArchive(cache, index, { format: "oci", name: planned.reference, signal });
    return await writeComplete(dest, archive, signal);
  }
  for (const node of planned.nodes) {
    const platform = parsePlatform(node.platform);
    const archive = exportArchive(cache, index, { format: "docker", name: node.reference, platform, signal });
    await writeComplete(platformFile(dest, node), archive, signal);
  }
}

/** `image.tar` becomes `image-arm64.tar`. */
function platformFile(dest: string, { platform }: PlanNode): string {
  const { dir, name, ext } = parse(dest);
  return join(dir, `${name}-${platformSuffix(platform)}${ext}`);
}

/** Below the directory, one for each platform, named as BuildKit names them. */
function platformDirectory(dest: string, { platform }: PlanNode): string {
  return join(dest, platform.replaceAll("/", "_"));
}

function platformSuffix(platform: PlatformText): string {
  return platform.split("/").slice(1).join("-");
}
