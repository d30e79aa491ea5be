import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestHex } from "../../sdk/core/digest.ts";
import { createRegistryClient, type ImageCache, openCache, parseReference } from "../../sdk/oci/index.ts";
import type { Descriptor } from "../../sdk/oci/model/descriptor.ts";
import { type RunningRegistry, startRegistry } from "../../sdk/testing/registry.ts";
import { createImage, createTwoArchIndex, readAll } from "./sample-image.ts";

let directory: string;
let registry: RunningRegistry;
let cache: ImageCache;
let other: ImageCache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-images-"));
  registry = await startRegistry({ directory: join(directory, "registry") });
  cache = await openCache({ directory: join(directory, "cache") });
  other = await openCache({ directory: join(directory, "other") });
});
afterEach(async () => {
  for (const open of [cache, other, registry]) await ("close" in open ? open.close() : open[Symbol.asyncDispose]());
  await rm(directory, { recursive: true, force: true });
});

const names = async (where: ImageCache) => (await where.list()).map(({ name }) => name);
const blobs = async (where: ImageCache) => await readdir(join(where.content.directory, "blobs", "sha256"));

async function tagged(name: string): Promise<Descriptor | undefined> {
  const client = createRegistryClient();
  try {
    return await client.resolveManifest(parseReference(name));
  } finally {
    client.close();
  }
}

describe("removing", () => {
  test("takes what only this image has, and nothing that others share", async () => {
    const amd64 = await createImage(cache.content, "amd64");
    const arm64 = await createImage(cache.content, "arm64");
    await cache.content.setReferences(
      new Map([
        ["a:1", amd64],
        ["b:1", arm64],
        ["b:2", arm64],
      ]),
    );
    const removal = await cache.remove(["a:1", "b:1"]);
    expect(removal.names).toEqual(["docker.io/library/a:1", "docker.io/library/b:1"]);
    expect(removal.blobs).toBe(3);
    expect(await names(cache)).toEqual(["docker.io/library/b:2"]);
    expect(await cache.content.findMissing(arm64)).toEqual([]);
    await expect(cache.remove(["b:2", "b:1"])).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND" });
    expect(await names(cache)).toEqual(["docker.io/library/b:2"]);
  });

  test("cleaning takes what nothing refers to; names only where asked", async () => {
    const index = await createTwoArchIndex(cache.content);
    await cache.content.setReference("a:1", index);
    const stray = await cache.content.writeBlob(new TextEncoder().encode("stray"));
    expect(await cache.clean()).toMatchObject({ names: [], blobs: 1, sizeBytes: 5 });
    expect(await cache.content.hasBlob(stray)).toBe(false);
    expect(await cache.content.findMissing(index)).toEqual([]);
    expect((await cache.clean({ all: true })).names).toEqual(["docker.io/library/a:1"]);
    expect(await blobs(cache)).toEqual([]);
  });

  test("content that somebody stores and has not named yet stays", async () => {
    const use = await other.content.useContent();
    const elsewhere = await openCache({ directory: other.content.directory });
    const image = await createImage(other.content, "amd64");
    expect(await elsewhere.clean()).toMatchObject({ blobs: 0, left: "in-use" });
    await other.content.setReference("a:1", image);
    await use[Symbol.asyncDispose]();
    expect(await elsewhere.clean()).toMatchObject({ blobs: 0 });
    expect(await other.content.findMissing(image)).toEqual([]);
    await elsewhere[Symbol.asyncDispose]();
  });

  test("where it cannot be known what belongs to what, content stays", async () => {
    const image = await createImage(cache.content, "amd64");
    await cache.content.setReference("a:1", image);
    const stray = await cache.content.writeBlob(new TextEncoder().encode("stray"));
    await writeFile(join(cache.content.directory, "blobs", "sha256", digestHex(image.digest)), "{");
    expect(await cache.clean()).toMatchObject({ blobs: 0, left: "damaged" });
    expect(await cache.content.hasBlob(stray)).toBe(true);
    await cache.remove(["a:1"]);
    expect(await cache.clean()).not.toHaveProperty("left");
    expect(await blobs(cache)).toEqual([]);
  });

  test("of published images only those with the same digest", async () => {
    const [published, local] = [`${registry.address}/a:1`, `${registry.address}/b:1`];
    await cache.content.setReference(published, await createImage(cache.content, "amd64"));
    await cache.content.setReference(local, await createImage(cache.content, "arm64"));
    await cache.push(published);
    expect((await cache.clean({ publishedOnly: true })).names).toEqual([published]);
    expect((await cache.remove([local], { publishedOnly: true })).names).toEqual([]);
    expect(await names(cache)).toEqual([local]);
  });
});

describe("archives", () => {
  test("go from cache to cache with their names", async () => {
    const index = await createTwoArchIndex(cache.content);
    await cache.content.setReference("a:1", index);
    const file = join(directory, "image.tar");
    await cache.exportTo("a:1", file, { platform: "all" });
    expect(await other.import(file)).toMatchObject([{ name: "docker.io/library/a:1" }]);
    expect(await other.content.resolve("a:1")).toMatchObject({ digest: index.digest });
    await other.import(cache.export("a:1", { platform: "linux/arm64", name: "docker.io/library/b:1" }));
    expect(await names(other)).toEqual(["docker.io/library/a:1", "docker.io/library/b:1"]);
    await other.import(file, { name: "c:1" });
    expect(await names(other)).toContain("docker.io/library/c:1");
  });

  test("of which one cannot be made leave no file", async () => {
    const index = await createTwoArchIndex(cache.content);
    await cache.content.setReference("a:1", index);
    const file = join(directory, "image.tar");
    await expect(cache.exportTo("a:1", file, { platform: "linux/s390x" })).rejects.toMatchObject({
      code: "CONTENT_NOT_FOUND",
    });
    await expect(cache.exportTo("b:1", file)).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND" });
    await expect(readFile(file)).rejects.toThrow();
    await expect(other.import(file)).rejects.toMatchObject({ code: "INPUT_SOURCE_UNREADABLE" });
  });

  test("as the LinuxKit CLI writes them, with a manifest that is announced as an index, are understood", async () => {
    const image = await createImage(cache.content, "amd64");
    const wrong = { ...image, mediaType: "application/vnd.oci.image.index.v1+json" };
    await cache.content.setReference("a:1", image);
    const archive = Buffer.from(await readAll(cache.export("a:1")));
    const at = archive.lastIndexOf(`"mediaType": "${image.mediaType}"`);
    expect(at).toBeGreaterThan(0);
    // The same length, so that the tar stays whole: the two media types differ by three letters.
    const entry = `"mediaType": "${wrong.mediaType}"   `;
    archive.write(entry, at);
    const imported = await other.import(only(archive));
    expect(imported).toMatchObject([{ name: "docker.io/library/a:1", descriptor: { mediaType: image.mediaType } }]);
  });
});

describe("registries", () => {
  test("an index goes out with its bytes and its attestation, and comes back with a name for each image", async () => {
    const name = `${registry.address}/team/a:1`;
    const index = await createTwoArchIndex(cache.content);
    await cache.content.setReference(name, index);
    expect(await cache.push(name)).toEqual({ reference: name, digest: index.digest, outcome: "pushed" });
    expect(await cache.push(name, { archTags: true })).toMatchObject({ digest: index.digest, outcome: "unchanged" });
    expect(await other.pull(name)).toMatchObject({ digest: index.digest });
    expect((await names(other)).sort()).toEqual([name, `${name}-amd64`, `${name}-arm64`]);
    expect(await other.content.findMissing(index)).toEqual([]);
    expect((await tagged(`${name}-arm64`))?.digest).toBe((await other.content.resolve(`${name}-arm64`))?.digest);
  });

  test("only the images of chosen platforms are fetched, and can be pushed on", async () => {
    const name = `${registry.address}/a:1`;
    const index = await createTwoArchIndex(cache.content);
    await cache.content.setReference(name, index);
    await cache.push(name);
    await other.pull(name, { platforms: ["linux/amd64"] });
    const [amd64, attestation, arm64] = await other.content.flattenIndex(index);
    for (const there of [amd64, attestation]) expect(there && (await other.content.findMissing(there))).toEqual([]);
    expect(arm64 && (await other.content.hasBlob(arm64))).toBe(false);
    const pushed = await other.push(name, { remoteName: `${registry.address}/b:1` });
    expect(pushed.outcome).toBe("pushed");
    await expect(other.pull(name, { platforms: ["linux/s390x"] })).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND" });
    await cache.pull(pushed.reference);
    expect(await names(cache)).toEqual([name, `${pushed.reference}-amd64`, pushed.reference]);
  });

  test("a tag that is there is left alone, or its index is merged", async () => {
    const name = `${registry.address}/a:1`;
    await cache.content.setReference(name, await indexOf(cache, "amd64"));
    await other.content.setReference(name, await indexOf(other, "arm64"));
    const { digest } = await cache.push(name);
    expect(await other.push(name)).toEqual({ reference: name, digest, outcome: "kept" });
    const merged = await other.push(name, { override: true, archTags: true });
    expect(merged.outcome).toBe("pushed");
    await cache.pull(name);
    expect((await names(cache)).sort()).toEqual([name, `${name}-amd64`, `${name}-arm64`]);
  });

  test.each([
    ["an image that is not in the cache", "none:1", {}, "CONTENT_NOT_FOUND"],
    ["a name without a tag", "a:1", { remoteName: "localhost:5000/a" }, "INPUT_REFERENCE_INVALID"],
  ])("%s cannot be pushed", async (_case, name, options, code) => {
    await cache.content.setReference("a:1", await createImage(cache.content, "amd64"));
    await expect(cache.push(name, options)).rejects.toMatchObject({ code });
  });

  test("an image that the registry does not have cannot be pulled", async () => {
    await expect(cache.pull(`${registry.address}/none:1`)).rejects.toMatchObject({ code: "REGISTRY_NOT_FOUND" });
  });
});

async function indexOf(where: ImageCache, architecture: string): Promise<Descriptor> {
  const image = await createImage(where.content, architecture);
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const index = { schemaVersion: 2, mediaType, manifests: [image] };
  return { mediaType, ...(await where.content.writeBlob(new TextEncoder().encode(JSON.stringify(index)))) };
}

async function* only(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
