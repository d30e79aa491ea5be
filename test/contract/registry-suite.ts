import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { type Cache, openCache } from "../../sdk/oci/layout/cache.ts";
import type { Descriptor } from "../../sdk/oci/model/descriptor.ts";
import { createIndex, encodeIndex, parseIndex } from "../../sdk/oci/model/manifest.ts";
import { MEDIA_TYPES } from "../../sdk/oci/model/media-type.ts";
import { createRegistryClient, type RegistryClient } from "../../sdk/oci/registry/client.ts";
import { pullImage, pushImage } from "../../sdk/oci/registry/publishing/image-copy.ts";
import { publishIndex } from "../../sdk/oci/registry/publishing/publish-index.ts";
import { createImage, createTwoArchIndex, readAll } from "./sample-image.ts";

/** A registry under test. */
export interface SuiteRegistry extends AsyncDisposable {
  /** Host and port. */
  readonly address: string;
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** What every registry must do for our client, and our client with every registry. */
export function describeRegistry(name: string, start: () => Promise<SuiteRegistry>): void {
  describe(name, () => {
    let registry: SuiteRegistry;
    let client: RegistryClient;
    let cache: Cache;
    let directory: string;
    let count = 0;
    const newRepository = () => {
      count += 1;
      return { registry: registry.address, repository: `team/app-${count}` };
    };
    const urlOf = (repository: { readonly repository: string }, path: string) =>
      `http://${registry.address}/v2/${repository.repository}/${path}`;

    beforeAll(async () => {
      registry = await start();
      client = createRegistryClient();
      directory = await mkdtemp(join(tmpdir(), "kitsmith-registry-suite-"));
      cache = await openCache(join(directory, "cache"));
    });
    afterAll(async () => {
      client.close();
      await registry[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    });

    test("an index with its images goes there and back unchanged", async () => {
      const repository = newRepository();
      const index = await createTwoArchIndex(cache, 100_000);
      await pushImage(client, repository, cache, index);
      const other = await openCache(join(directory, "other"));
      const pulled = await pullImage(client, { ...repository, digest: index.digest }, other);
      expect(pulled).toMatchObject({ digest: index.digest, size: index.size, mediaType: index.mediaType });
      expect(await other.findMissing(index)).toEqual([]);
      expect(await readAll(other.openBlob(index))).toEqual(await readAll(cache.openBlob(index)));
    });

    test("pushing what is there changes nothing", async () => {
      const repository = newRepository();
      const image = await createImage(cache, "amd64");
      await pushImage(client, repository, cache, image);
      await pushImage(client, repository, cache, image);
      await expect(client.resolveManifest({ ...repository, digest: image.digest })).resolves.toMatchObject({
        digest: image.digest,
      });
    });

    test("what is not there is undefined or false, and an error where bytes are wanted", async () => {
      const repository = newRepository();
      const absent = { digest: digestOf("absent"), size: 6 };
      await expect(client.resolveManifest({ ...repository, tag: "none" })).resolves.toBeUndefined();
      await expect(client.hasBlob(repository, absent)).resolves.toBe(false);
      await expect(client.getManifest({ ...repository, tag: "none" })).rejects.toMatchObject({
        code: "REGISTRY_NOT_FOUND",
      });
      await expect(readAll(client.openBlob(repository, absent))).rejects.toMatchObject({ code: "REGISTRY_NOT_FOUND" });
      await expect(client.reader(repository).readBlob(absent)).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND" });
    });

    test("a blob arrives as it is, also an empty one", async () => {
      const repository = newRepository();
      for (const content of [bytes("some content"), new Uint8Array(0), new Uint8Array(3_000_000).fill(7)]) {
        const blob = { digest: digestOf(content), size: content.byteLength };
        await client.uploadBlob(repository, blob, () => streamOf(content));
        expect(await client.hasBlob(repository, blob)).toBe(true);
        expect(digestOf(await readAll(client.openBlob(repository, blob)))).toBe(blob.digest);
      }
    });

    test("content that is not what it should be is refused", async () => {
      const repository = newRepository();
      const blob = { digest: digestOf("right"), size: 5 };
      await expect(client.uploadBlob(repository, blob, () => streamOf(bytes("wrong")))).rejects.toMatchObject({
        code: "REGISTRY_REJECTED",
      });
      expect(await client.hasBlob(repository, blob)).toBe(false);
    });

    test("a source that fails ends the upload with its own error", async () => {
      const repository = newRepository();
      const failure = new Error("the disk broke");
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(10);
        throw failure;
      }
      const blob = { digest: digestOf("x"), size: 100 };
      await expect(client.uploadBlob(repository, blob, failing)).rejects.toBe(failure);
      expect(await client.hasBlob(repository, blob)).toBe(false);
    });

    test("an aborted upload rejects with the reason", async () => {
      const aborting = new AbortController();
      async function* endless(): AsyncGenerator<Uint8Array> {
        while (true) {
          yield new Uint8Array(1000);
          setImmediate(() => aborting.abort("enough"));
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      const blob = { digest: digestOf("x"), size: 1e12 };
      const upload = client.uploadBlob(newRepository(), blob, endless, { signal: aborting.signal });
      await expect(upload).rejects.toBe("enough");
    });

    test("a blob is mounted from another repository without being sent", async () => {
      const [from, to] = [newRepository(), newRepository()];
      const content = bytes("to be mounted");
      const blob = { digest: digestOf(content), size: content.byteLength };
      await client.uploadBlob(from, blob, () => streamOf(content));
      let sends = 0;
      const open = () => {
        sends += 1;
        return streamOf(content);
      };
      await client.uploadBlob(to, blob, open, { mountFrom: from.repository });
      expect(sends).toBe(0);
      expect(await readAll(client.openBlob(to, blob))).toEqual(content);
    });

    test("a blob that cannot be mounted is sent", async () => {
      const [from, to] = [newRepository(), newRepository()];
      const content = bytes("not there");
      const blob = { digest: digestOf(content), size: content.byteLength };
      await client.uploadBlob(to, blob, () => streamOf(content), { mountFrom: from.repository });
      expect(await client.hasBlob(to, blob)).toBe(true);
    });

    test("a blob can be sent in chunks", async () => {
      const repository = newRepository();
      const content = bytes("0123456789");
      const started = await fetch(urlOf(repository, "blobs/uploads/"), { method: "POST" });
      const first = await patch(started, content.subarray(0, 4), "0-3");
      expect(first.status).toBe(202);
      expect(first.headers.get("range")).toBe("0-3");
      const second = await patch(first, content.subarray(4), "4-9");
      const last = new URL(locationOf(second));
      last.searchParams.set("digest", digestOf(content));
      expect((await fetch(last, { method: "PUT" })).status).toBe(201);
      const blob = { digest: digestOf(content), size: content.byteLength };
      expect(await readAll(client.openBlob(repository, blob))).toEqual(content);
    });

    test("a part of a blob can be read", async () => {
      const repository = newRepository();
      const content = bytes("0123456789");
      const blob = { digest: digestOf(content), size: content.byteLength };
      await client.uploadBlob(repository, blob, () => streamOf(content));
      const part = await fetch(urlOf(repository, `blobs/${blob.digest}`), { headers: { range: "bytes=2-4" } });
      expect(part.status).toBe(206);
      expect(part.headers.get("content-range")).toBe("bytes 2-4/10");
      expect(await part.text()).toBe("234");
      const outside = await fetch(urlOf(repository, `blobs/${blob.digest}`), { headers: { range: "bytes=10-" } });
      expect(outside.status).toBe(416);
    });

    test("a manifest whose content is not there is refused", async () => {
      const repository = newRepository();
      const manifest = {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.manifest,
        config: absentBlob(),
        layers: [absentBlob()],
      };
      const put = client.putManifest(
        { ...repository, tag: "v1" },
        { content: bytes(JSON.stringify(manifest)), mediaType: MEDIA_TYPES.manifest },
      );
      await expect(put).rejects.toMatchObject({ code: expect.stringMatching(/^REGISTRY_(NOT_FOUND|REJECTED)$/) });
      await expect(client.resolveManifest({ ...repository, tag: "v1" })).resolves.toBeUndefined();
    });

    test("a manifest under another's digest is refused", async () => {
      const repository = newRepository();
      const content = encodeIndex(createIndex([]));
      const put = client.putManifest(
        { ...repository, digest: digestOf("another") },
        { content, mediaType: MEDIA_TYPES.index },
      );
      await expect(put).rejects.toMatchObject({ code: "REGISTRY_REJECTED" });
    });

    test("tags are listed, moved and, with their manifest, deleted", async () => {
      const repository = newRepository();
      const [amd64, arm64] = [await createImage(cache, "amd64"), await createImage(cache, "arm64")];
      for (const image of [amd64, arm64]) await pushImage(client, repository, cache, image);
      for (const tag of ["b", "a", "c"]) await tagImage(repository, amd64, tag);
      await tagImage(repository, arm64, "b");
      expect([...(await client.listTags(repository))].sort()).toEqual(["a", "b", "c"]);
      expect((await client.resolveManifest({ ...repository, tag: "b" }))?.digest).toBe(arm64.digest);
      await client.deleteManifest({ ...repository, digest: amd64.digest });
      await expect(client.resolveManifest({ ...repository, digest: amd64.digest })).resolves.toBeUndefined();
      await expect(client.resolveManifest({ ...repository, tag: "a" })).resolves.toBeUndefined();
      expect((await client.resolveManifest({ ...repository, tag: "b" }))?.digest).toBe(arm64.digest);
    });

    async function tagImage(
      repository: ReturnType<typeof newRepository>,
      image: Descriptor,
      tag: string,
    ): Promise<void> {
      const content = await cache.readBlob(image);
      await client.putManifest({ ...repository, tag }, { content, mediaType: image.mediaType });
    }

    test("names that are none are refused", async () => {
      for (const path of ["/v2/UPPER/tags/list", "/v2/a/manifests/-x", "/v2/a/blobs/sha256:00", "/v2/a/nothing"]) {
        const { status } = await fetch(`http://${registry.address}${path}`);
        expect([400, 404]).toContain(status);
      }
    });

    test("we are told that we may push", async () => {
      await expect(client.checkPush(newRepository())).resolves.toBeUndefined();
    });

    test("what says that it is about an image is listed with it, whether the registry keeps lists or not", async () => {
      const repository = newRepository();
      const image = await createImage(cache, "amd64");
      await pushImage(client, repository, cache, image);
      const empty = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf("{}"), size: 2 };
      await client.uploadBlob(repository, empty, () => streamOf(bytes("{}")));
      const { mediaType, digest, size } = image;
      const referrers = await Promise.all(
        ["text/sbom", "text/signature"].map(async (artifactType) => {
          const manifest = {
            ...{ schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, artifactType, config: empty, layers: [empty] },
            ...{ subject: { mediaType, digest, size }, annotations: { kind: artifactType } },
          };
          const content = bytes(JSON.stringify(manifest));
          const reference = { ...repository, digest: digestOf(content) };
          return await client.putManifest(reference, { content, mediaType: MEDIA_TYPES.manifest });
        }),
      );
      const listed = await client.listReferrers(repository, digest);
      expect(listed.map((entry) => entry.digest).sort()).toEqual(referrers.map((entry) => entry.digest).sort());
      expect(await client.listReferrers(repository, digest, { artifactType: "text/sbom" })).toMatchObject([
        { digest: referrers[0]?.digest, artifactType: "text/sbom", annotations: { kind: "text/sbom" } },
      ]);
      expect(await client.listReferrers(repository, digestOf("nothing"))).toEqual([]);
    });

    test("architectures that are published one after the other are all in the index", async () => {
      const repository = newRepository();
      for (const architecture of ["amd64", "arm64"]) {
        const image = await createImage(cache, architecture);
        await pushImage(client, repository, cache, image);
        await publishIndex({ client, repository, tag: "v1", entries: [image] });
        const own = await client.resolveManifest({ ...repository, tag: `v1-${architecture}` });
        expect(own?.digest).toBe(image.digest);
      }
      expect(await architecturesOf(repository)).toEqual(["amd64", "arm64"]);
    });

    test("publishing the same again gives the same index, with its attestations", async () => {
      const repository = newRepository();
      const index = await createTwoArchIndex(cache);
      await pushImage(client, repository, cache, index);
      const entries = await cache.flattenIndex(index);
      const first = await publishIndex({ client, repository, tag: "v1", entries });
      expect(first.digest).toBe(index.digest);
      expect((await publishIndex({ client, repository, tag: "v1", entries })).digest).toBe(index.digest);
    });

    test("many writers at once, each with an architecture: none is lost", async () => {
      const repository = newRepository();
      const architectures = ["amd64", "arm64", "riscv64", "s390x", "ppc64le", "386", "loong64", "mips64le"];
      await Promise.all(
        architectures.map(async (architecture) => {
          const own = createRegistryClient();
          try {
            const image = await createImage(cache, architecture);
            await pushImage(own, repository, cache, image);
            await publishIndex({ client: own, repository, tag: "v1", entries: [image] });
          } finally {
            own.close();
          }
        }),
      );
      expect([...(await architecturesOf(repository))].sort()).toEqual([...architectures].sort());
    });

    test("a single image under the tag becomes one of the index", async () => {
      const repository = newRepository();
      const [amd64, arm64] = [await createImage(cache, "amd64"), await createImage(cache, "arm64")];
      for (const image of [amd64, arm64]) await pushImage(client, repository, cache, image);
      await tagImage(repository, amd64, "v1");
      await publishIndex({ client, repository, tag: "v1", entries: [arm64] });
      expect(await architecturesOf(repository)).toEqual(["amd64", "arm64"]);
    });

    async function architecturesOf(repository: ReturnType<typeof newRepository>): Promise<readonly string[]> {
      const { content } = await client.getManifest({ ...repository, tag: "v1" });
      return parseIndex(content, { origin: "the index" }).manifests.flatMap(
        ({ platform }) => platform?.architecture ?? [],
      );
    }
  });
}

function absentBlob(): Descriptor {
  return { mediaType: MEDIA_TYPES.config, size: 6, digest: digestOf("absent") };
}

function locationOf(response: Response): string {
  return new URL(response.headers.get("location") ?? "", response.url).href;
}

async function patch(after: Response, chunk: Uint8Array<ArrayBuffer>, range: string): Promise<Response> {
  return await fetch(locationOf(after), {
    method: "PATCH",
    headers: { "content-type": "application/octet-stream", "content-range": range },
    body: chunk,
  });
}
