import type { Redactor } from "../../core/redact.ts";
import { openGatewayImage } from "../../image/gateway-image.ts";
import type { Image } from "../../image/image.ts";
import { llb, marshal } from "../../llb/index.ts";
import type { DefinitionInput } from "../../lower/solve-request.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import { parseJsonObject } from "../../oci/model/fields.ts";
import { parseManifest } from "../../oci/model/manifest.ts";
import { parseReference } from "../../oci/model/reference.ts";
import { assertMayRun } from "../../plan/engine-assignment.ts";
import { createContentService } from "../../session/content.ts";
import { nodeName, type RunNode } from "../build/node.ts";
import { createStatusTranslator } from "../build/status-events.ts";
import { pullToCache } from "../destinations/cache-destination.ts";
import type { PooledEngine } from "../engines/engine-pool.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";

/** The name of the cache in a job's session. */
const STORE = "cache";

/** Where an image that exists is opened. */
export interface StoredImagePlace {
  readonly engine: PooledEngine;
  readonly stores: Stores;
  readonly redactor: Redactor;
  /** Called when the image is disposed, after its job is closed. */
  readonly close?: () => Promise<void>;
}

/**
 * Opens a node's image that exists already, on an engine, which gets it from the cache: from there it can be had whether
 * the engine reaches the registry or not. What is only in the registry is pulled first.
 */
export async function openStoredImage(
  node: RunNode,
  image: Descriptor,
  { engine, stores, redactor, close }: StoredImagePlace,
  context: RunContext,
): Promise<Image> {
  const { signal } = context;
  const cache = await stores.cache();
  if (node.plan.state === "published") await pullToCache(node, stores, context);
  const input = await sourceOf(node, image, cache);
  const translate = createStatusTranslator(nodeName(node), redactor, node.tagged.package.directory);
  const job = await engine.engine.openJob({
    exporters: [],
    platforms: [node.platform],
    services: [createContentService(new Map([[STORE, cache.directory]]))],
    sharedKey: "",
    onStatus: (status) => translate(status).forEach(context.emit),
    signal,
  });
  try {
    const result = await job.solve({ input }, { evaluate: true, signal });
    return openGatewayImage(job, result, {
      ...{ platform: node.platform, reference: node.plan.reference, digest: image.digest, signal },
      beforeExec: () => assertMayRun(engine.facts, node.platform, node.tagged.spec.engines.emulation),
      close: async () => {
        await job[Symbol.asyncDispose]();
        await close?.();
      },
    });
  } catch (error) {
    await job[Symbol.asyncDispose]();
    throw error;
  }
}

async function sourceOf({ plan, platform }: RunNode, image: Descriptor, cache: Cache): Promise<DefinitionInput> {
  const { config } = parseManifest(await cache.readBlob(image), { origin: `manifest ${image.digest}` });
  const imageConfig = parseJsonObject(await cache.readBlob(config), `config ${config.digest}`);
  const { repository } = parseReference(plan.reference);
  const state = llb.ociLayout(`${repository}@${image.digest}`, { storeId: STORE });
  return {
    kind: "definition",
    definition: marshal(state, { platform }),
    imageConfig,
  };
}
