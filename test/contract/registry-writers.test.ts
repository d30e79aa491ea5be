import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cache, openCache } from "../../sdk/oci/layout/cache.ts";
import { mergeIndex } from "../../sdk/oci/model/index-merge.ts";
import { encodeIndex, parseIndex } from "../../sdk/oci/model/manifest.ts";
import { createRegistryClient, type RegistryClient } from "../../sdk/oci/registry/client.ts";
import { pushImage } from "../../sdk/oci/registry/publishing/image-copy.ts";
import { publishIndex } from "../../sdk/oci/registry/publishing/publish-index.ts";
import { type RunningRegistry, startRegistry } from "../../sdk/testing/registry.ts";
import { ARCHITECTURES, runWriters } from "./registry-writers.ts";
import { createAttestation, createImage } from "./sample-image.ts";

let directory: string;
let registry: RunningRegistry;
let cache: Cache;
let client: RegistryClient;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-writers-"));
  registry = await startRegistry({ directory: join(directory, "registry") });
  cache = await openCache(join(directory, "cache"));
  client = createRegistryClient();
});
afterEach(async () => {
  client.close();
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

test.each([1, 2, 3, 4])(
  "ten writers that start and pause at random lose nothing, over a bad network, seed %i",
  async (seed) => {
    const written = await runWriters({ registry: registry.address, repository: "app" }, cache, seed);
    const all = [...ARCHITECTURES].sort();
    expect(written).toEqual({ architectures: all, attested: all });
  },
  120_000,
);

/** Pushes an image with what is attested of it. */
async function pushAttested(architecture: string) {
  const repository = { registry: registry.address, repository: "app" };
  const image = await createImage(cache, architecture, 100);
  const attestation = await createAttestation(cache, image);
  for (const entry of [image, attestation]) await pushImage(client, repository, cache, entry);
  return [image, attestation];
}

/** A client whose first put of the tag happens only after others have done something. */
function delayedBy(others: () => Promise<unknown>): RegistryClient {
  let isFirst = true;
  return {
    ...client,
    putManifest: async (reference, manifest, options) => {
      if (reference.tag === "v1" && isFirst) {
        isFirst = false;
        await others();
      }
      return await client.putManifest(reference, manifest, options);
    },
  };
}

test("an index that was read before others published loses neither their images nor their attestations", async () => {
  const repository = { registry: registry.address, repository: "app" };
  const [first, second] = [await pushAttested("amd64"), await pushAttested("arm64")];
  const paused = delayedBy(() => publishIndex({ client, repository, tag: "v1", entries: second }));
  const { digest } = await publishIndex({ client: paused, repository, tag: "v1", entries: first });
  const { content } = await client.getManifest({ ...repository, digest });
  const listed = parseIndex(content, { origin: "the index" }).manifests.map((entry) => entry.digest);
  expect(listed.sort()).toEqual([...first, ...second].map((entry) => entry.digest).sort());
});

test("without tags of architectures, a second writer is refused where it is noticed", async () => {
  const repository = { registry: registry.address, repository: "app" };
  const [first, second] = [await pushAttested("amd64"), await pushAttested("arm64")];
  const publish = (by: RegistryClient, entries: typeof first) =>
    publishIndex({ client: by, repository, tag: "v1", entries, archTags: false });
  // One that wrote between our reading and our writing.
  let reads = 0;
  const overtaken: RegistryClient = {
    ...client,
    findManifest: async (reference, options) => {
      const found = await client.findManifest(reference, options);
      reads += 1;
      if (reads === 1) await publish(client, second);
      return found;
    },
  };
  await expect(publish(overtaken, first)).rejects.toMatchObject({ code: "REGISTRY_INDEX_CONFLICT" });
  // One that wrote over what we wrote.
  const index = mergeIndex(undefined, second);
  const overwritten: RegistryClient = {
    ...client,
    putManifest: async (reference, manifest, options) => {
      const descriptor = await client.putManifest(reference, manifest, options);
      const content = encodeIndex(index);
      if (reference.tag === "v1") await client.putManifest(reference, { ...manifest, content }, options);
      return descriptor;
    },
  };
  await expect(publish(overwritten, first)).rejects.toMatchObject({ code: "REGISTRY_INDEX_CONFLICT" });
});

test("a list of tags is believed only where it is whole and names what was just put", async () => {
  const repository = { registry: registry.address, repository: "app" };
  await publishIndex({ client, repository, tag: "v1", entries: await pushAttested("mips") });
  await client.deleteManifest({ ...repository, tag: "v1" });
  const entries = await pushAttested("amd64");
  const publishWith = async (listed: ReadonlySet<string> | undefined, expected: readonly string[] = []) => {
    const telling = { ...client, listFewTags: async () => listed };
    const platforms = expected.map((architecture) => ({ os: "linux", architecture }));
    await publishIndex({ client: telling, repository, tag: "v1", entries, expected: platforms });
    const { content } = await client.getManifest({ ...repository, tag: "v1" });
    await client.deleteManifest({ ...repository, tag: "v1" });
    const { manifests } = parseIndex(content, { origin: "the index" });
    return manifests.flatMap(({ platform }) => platform?.architecture ?? []).filter((name) => name !== "unknown");
  };
  const both = ["amd64", "mips"];
  expect((await publishWith(undefined)).sort()).toEqual(both);
  expect((await publishWith(new Set())).sort()).toEqual(both);
  expect((await publishWith(new Set(["v1-mips"]))).sort()).toEqual(both);
  expect((await publishWith(new Set(["v1-amd64", "v1-mips"]))).sort()).toEqual(both);
  expect(await publishWith(new Set(["v1-amd64"]))).toEqual(["amd64"]);
  expect((await publishWith(new Set(["v1-amd64"]), ["mips"])).sort()).toEqual(both);
});
