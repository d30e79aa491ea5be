import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cache, openCache } from "../../sdk/oci/layout/cache.ts";
import type { Descriptor } from "../../sdk/oci/model/descriptor.ts";
import { parseIndex } from "../../sdk/oci/model/manifest.ts";
import { createRegistryClient, type RegistryClient } from "../../sdk/oci/registry/client.ts";
import { pushImage } from "../../sdk/oci/registry/image-copy.ts";
import { publishIndex } from "../../sdk/oci/registry/publish-index.ts";
import type { Repository } from "../../sdk/oci/registry/transport.ts";
import { type RunningRegistry, startRegistry } from "../../sdk/testing/registry.ts";
import { createImage } from "./sample-image.ts";

const ARCHITECTURES = ["amd64", "arm64", "riscv64", "s390x", "ppc64le", "386", "loong64", "mips64le", "arm", "mips"];

let directory: string;
let registry: RunningRegistry;
let cache: Cache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-writers-"));
  registry = await startRegistry({ directory: join(directory, "registry") });
  cache = await openCache(join(directory, "cache"));
});
afterEach(async () => {
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

/** Numbers from 0 to 1 that are the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

const pause = (random: () => number, limitMs: number) =>
  new Promise((resolve) => setTimeout(resolve, random() * limitMs));

/** A client that is held up before and after every manifest that it puts. */
function createHesitant(client: RegistryClient, random: () => number): RegistryClient {
  return {
    ...client,
    putManifest: async (reference, manifest, options) => {
      await pause(random, 40);
      const descriptor = await client.putManifest(reference, manifest, options);
      await pause(random, 40);
      return descriptor;
    },
  };
}

async function publishOne(repository: Repository, image: Descriptor, random: () => number): Promise<void> {
  const client = createRegistryClient();
  try {
    await pushImage(client, repository, cache, image);
    await pause(random, 100);
    await publishIndex({ client: createHesitant(client, random), repository, tag: "v1", entries: [image] });
  } finally {
    client.close();
  }
}

test.each([1, 2, 3, 4])(
  "ten writers that start and pause at random lose no architecture, seed %i",
  async (seed) => {
    const random = createRandom(seed);
    const repository = { registry: registry.address, repository: "app" };
    const images = await Promise.all(ARCHITECTURES.map((architecture) => createImage(cache, architecture, 100)));
    await Promise.all(images.map((image) => publishOne(repository, image, random)));
    const client = createRegistryClient();
    const { content } = await client.getManifest({ ...repository, tag: "v1" });
    client.close();
    const listed = parseIndex(content, { origin: "the index" }).manifests.map(({ platform }) => platform?.architecture);
    expect(listed.sort()).toEqual([...ARCHITECTURES].sort());
  },
  60_000,
);
