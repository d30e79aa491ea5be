import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestHex, digestOf } from "../../sdk/core/digest.ts";
import { type Cache, openCache } from "../../sdk/oci/layout/cache.ts";
import { type LoopbackRegistry, startLoopbackRegistry } from "../../sdk/outputs/loopback/loopback-registry.ts";

let directory = "";
let cache: Cache;
let registry: LoopbackRegistry;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-loopback-"));
  cache = await openCache(join(directory, "cache"));
  registry = await startLoopbackRegistry(cache);
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

function open() {
  const repository = registry.openRepository();
  const host = `http://${repository.reference.registry}`;
  return { repository, host, url: `${host}/v2/${repository.reference.repository}` };
}

/** Where an upload goes. */
async function uploadTo(url: string, digest: string): Promise<URL> {
  const { status, headers } = await fetch(`${url}/blobs/uploads/`, { method: "POST" });
  expect(status).toBe(202);
  const location = new URL(headers.get("location") ?? "", url);
  location.searchParams.set("digest", digest);
  return location;
}

async function push(
  url: string,
  content: Uint8Array<ArrayBuffer>,
  digest: string = digestOf(content),
): Promise<number> {
  return (await fetch(await uploadTo(url, digest), { method: "PUT", body: content })).status;
}

const head = async (url: string) => (await fetch(url, { method: "HEAD" })).status;

/** What is on its way. */
const incoming = async () => await readdir(join(cache.directory, ".incoming")).catch(() => []);

describe("a registry over the cache", () => {
  test("stores blobs and manifests, verified", async () => {
    const { repository, url } = open();
    const blob = randomBytes(3_000_000);
    expect(repository.wasReached()).toBe(false);
    expect(await head(`${url}/blobs/${digestOf(blob)}`)).toBe(404);
    expect(await push(url, blob)).toBe(201);
    expect(await head(`${url}/blobs/${digestOf(blob)}`)).toBe(200);
    const manifest = '{"schemaVersion":2}';
    const put = await fetch(`${url}/manifests/${digestOf(manifest)}`, { method: "PUT", body: manifest });
    expect([put.status, put.headers.get("docker-content-digest")]).toEqual([201, digestOf(manifest)]);
    expect(repository.wasReached()).toBe(true);
    expect(await cache.hasBlob({ digest: digestOf(blob), size: blob.byteLength })).toBe(true);
    expect(await cache.hasBlob({ digest: digestOf(manifest), size: manifest.length })).toBe(true);
    expect(await cache.list()).toEqual([]);
  });

  test("refuses what has another digest, keeps none of it, and says why", async () => {
    const { repository, url } = open();
    const other = digestOf("other");
    expect(await push(url, randomBytes(100_000), other)).toBe(400);
    expect(repository.failure()).toMatchObject({ code: "CONTENT_DIGEST_MISMATCH" });
    expect((await fetch(`${url}/manifests/${other}`, { method: "PUT", body: "{}" })).status).toBe(400);
    expect(await head(`${url}/blobs/${other}`)).toBe(404);
    expect(await incoming()).toEqual([]);
    expect(open().repository.failure()).toBeUndefined();
  });

  test("is there only for who knows a repository's name, and gives nothing", async () => {
    const { repository, url, host } = open();
    const stranger = `${host}/v2/${"0".repeat(40)}`;
    expect((await fetch(`${host}/v2/`)).status).toBe(200);
    expect((await fetch(`${stranger}/blobs/uploads/`, { method: "POST" })).status).toBe(404);
    expect(repository.wasReached()).toBe(false);
    const blob = randomBytes(1000);
    await push(url, blob);
    for (const path of ["blobs", "manifests"])
      expect((await fetch(`${url}/${path}/${digestOf(blob)}`)).status).toBe(404);
    expect((await fetch(`${url}/tags/list`)).status).toBe(404);
    expect((await fetch(`${url}/manifests/tag`, { method: "PUT", body: "{}" })).status).toBe(404);
  });

  test("has what the cache holds, unless it is damaged", async () => {
    const { url } = open();
    const [whole, damaged] = [randomBytes(1000), randomBytes(1000)];
    for (const blob of [whole, damaged]) await cache.writeBlob(blob);
    await truncate(join(cache.directory, "blobs/sha256", digestHex(digestOf(damaged))), 10);
    expect(await head(`${url}/blobs/${digestOf(whole)}`)).toBe(200);
    expect(await head(`${url}/blobs/${digestOf(damaged)}`)).toBe(404);
    expect(await push(url, damaged)).toBe(201);
    expect(await head(`${url}/blobs/${digestOf(damaged)}`)).toBe(200);
  });

  test.each([
    ["whole", true, 200],
    ["broken off", false, 404],
  ])("lets others wait for a blob that is on its way: %s", async (_end, isWhole, status) => {
    const blob = randomBytes(200_000);
    const [first, second] = [open(), open()];
    const location = await uploadTo(first.url, digestOf(blob));
    const sending = request(location, { method: "PUT", headers: { "content-length": blob.byteLength } });
    const done = new Promise((resolve) => sending.on("response", resolve).on("error", resolve));
    sending.write(blob.subarray(0, 100_000));
    while ((await incoming()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    let answered = false;
    const asking = head(`${second.url}/blobs/${digestOf(blob)}`).finally(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBe(false);
    if (isWhole) sending.end(blob.subarray(100_000));
    else sending.destroy();
    await done;
    expect(await asking).toBe(status);
    expect(await incoming()).toEqual([]);
  });

  test("lets one of those who ask at the same time send it", async () => {
    const blob = randomBytes(200_000);
    const asked = [open(), open(), open()].map(async ({ url }) => {
      const status = await head(`${url}/blobs/${digestOf(blob)}`);
      if (status === 404) expect(await push(url, blob)).toBe(201);
      return status;
    });
    expect((await Promise.all(asked)).sort()).toEqual([200, 200, 404]);
  });

  test("answers, though it cannot store, before all has come", async () => {
    const { repository, url } = open();
    await rm(join(cache.directory, ".incoming"), { recursive: true, force: true });
    await writeFile(join(cache.directory, ".incoming"), "in the way");
    expect(await push(url, randomBytes(20_000_000))).toBe(400);
    expect(repository.failure()).toMatchObject({ code: "CONTENT_WRITE_FAILED" });
  });

  test("leaves nothing half-written when it ends", async () => {
    const { url } = open();
    const location = await uploadTo(url, digestOf("never"));
    const sending = request(location, { method: "PUT", headers: { "content-length": 1_000_000 } });
    sending.on("error", () => undefined).write(randomBytes(100_000));
    while ((await incoming()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await registry[Symbol.asyncDispose]();
    expect(await incoming()).toEqual([]);
  });
});
