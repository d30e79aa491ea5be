import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { type Cache, openCache } from "../../sdk/oci/layout/cache.ts";
import { MEDIA_TYPES } from "../../sdk/oci/model/media-type.ts";
import { createRegistryClient, type RegistryClient } from "../../sdk/oci/registry/client.ts";
import { pullImage } from "../../sdk/oci/registry/publishing/image-copy.ts";
import { readAll } from "./sample-image.ts";

let directory: string;
let cache: Cache;
let client: RegistryClient;
const servers: Server[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-hostile-"));
  cache = await openCache(join(directory, "cache"));
  client = createRegistryClient({
    credentials: { get: async () => ({ kind: "basic", username: "user", password: "secret" }) },
  });
});
afterEach(async () => {
  client.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true, force: true });
});

type Handler = (incoming: IncomingMessage, response: ServerResponse) => void;

async function start(handle: Handler): Promise<{ registry: string; repository: string }> {
  const server = createServer(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { registry: `127.0.0.1:${typeof address === "object" ? address?.port : ""}`, repository: "app" };
}

/** Sends without end, until the other side has had enough; tells that it had. */
function sendWithoutEnd(response: ServerResponse): Promise<void> {
  const send = () => {
    while (response.write(Buffer.alloc(65_536, "x")));
  };
  response.on("drain", send);
  send();
  return new Promise((resolve) => response.on("close", () => resolve()));
}

const text = (value: unknown) => Buffer.from(JSON.stringify(value));
const describeBytes = (content: Uint8Array, mediaType: string) => ({
  mediaType,
  digest: digestOf(content),
  size: content.byteLength,
});
const indexOf = (...manifests: readonly unknown[]) => ({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.index,
  manifests,
});
const blob = { digest: digestOf("content"), size: 7 };

/** A registry that has these manifests by digest, and the last of them under every tag. */
async function startWith(contents: readonly Uint8Array[], mediaType: string = MEDIA_TYPES.index) {
  const byDigest = new Map<string, Uint8Array>(contents.map((content) => [digestOf(content), content]));
  return await start((incoming, response) => {
    const name = incoming.url?.split("/").at(-1) ?? "";
    const content = name.startsWith("sha256:") ? byDigest.get(name) : contents.at(-1);
    if (content === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": mediaType, "content-length": content.byteLength });
    response.end(incoming.method === "HEAD" ? undefined : content);
  });
}

const entry = (place: number) => ({
  ...describeBytes(Buffer.from(`${place}`), MEDIA_TYPES.manifest),
  platform: { os: "linux", architecture: "amd64" },
});

test.each([
  ["10,000 entries", indexOf(...Array.from({ length: 10_000 }, (_, place) => entry(place))), MEDIA_TYPES.index],
  ["another media type than announced", indexOf(), MEDIA_TYPES.manifest],
  ["another media type within", { ...indexOf(), mediaType: MEDIA_TYPES.manifest }, MEDIA_TYPES.index],
  ["two meanings", { ...indexOf(), config: entry(1), layers: [] }, MEDIA_TYPES.index],
  ["no meaning", { schemaVersion: 2 }, MEDIA_TYPES.index],
  ["another schema", { ...indexOf(), schemaVersion: 1 }, MEDIA_TYPES.index],
  ["a size below nothing", indexOf({ ...entry(1), size: -1 }), MEDIA_TYPES.index],
  ["a digest that is a path", indexOf({ ...entry(1), digest: "../../etc/passwd" }), MEDIA_TYPES.index],
])("a manifest with %s is refused", async (_case, manifest, mediaType) => {
  const repository = await startWith([text(manifest)], mediaType);
  const reading = client.getManifest({ ...repository, tag: "v1" });
  await expect(reading).rejects.toMatchObject({ code: "CONTENT_CORRUPT" });
});

test("an index that claims to hold itself is not what its digest says", async () => {
  const digest = digestOf("itself");
  const cyclic = text(indexOf({ mediaType: MEDIA_TYPES.index, digest, size: 200 }));
  const repository = await start((incoming, response) => {
    response.writeHead(200, { "content-type": MEDIA_TYPES.index, "content-length": cyclic.byteLength });
    response.end(incoming.method === "HEAD" ? undefined : cyclic);
  });
  const pulling = pullImage(client, { ...repository, digest }, cache);
  await expect(pulling).rejects.toMatchObject({
    code: expect.stringMatching(/^CONTENT_(DIGEST|SIZE)_MISMATCH$/),
  });
});

test("indexes in indexes without end are refused", async () => {
  const chain = [text(indexOf())];
  for (let depth = 0; depth < 50; depth += 1) {
    chain.push(text(indexOf(describeBytes(chain.at(-1) ?? Buffer.alloc(0), MEDIA_TYPES.index))));
  }
  const repository = await startWith(chain);
  await expect(pullImage(client, { ...repository, tag: "v1" }, cache)).rejects.toMatchObject({
    code: "CONTENT_CORRUPT",
  });
});

test("indexes in indexes that hold too much are refused", async () => {
  const leaves = Array.from({ length: 900 }, (_, place) => entry(place));
  const middles = [1, 2, 3].map((place) =>
    text({ ...indexOf(...leaves.map((leaf, at) => ({ ...leaf, digest: digestOf(`${place} ${at}`) }))) }),
  );
  const root = text(indexOf(...middles.map((middle) => describeBytes(middle, MEDIA_TYPES.index))));
  const repository = await startWith([...middles, root]);
  const { flattenIndex } = await import("../../sdk/oci/model/image-tree.ts");
  const flattening = flattenIndex(client.reader(repository), describeBytes(root, MEDIA_TYPES.index));
  await expect(flattening).rejects.toMatchObject({ code: "CONTENT_CORRUPT" });
});

test("a manifest that is announced as huge is not read", async () => {
  const ended: Promise<void>[] = [];
  const repository = await start((_incoming, response) => {
    response.writeHead(200, { "content-length": 1e12 });
    ended.push(sendWithoutEnd(response));
  });
  await expect(client.getManifest({ ...repository, tag: "v1" })).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
  await Promise.all(ended);
});

test.each([
  ["a list of tags", (to: Repository) => client.listTags(to), "REGISTRY_PROTOCOL"],
  ["a list of referrers", (to: Repository) => client.listReferrers(to, blob.digest), "REGISTRY_PROTOCOL"],
  ["a manifest", (to: Repository) => client.getManifest({ ...to, tag: "v1" }), "REGISTRY_PROTOCOL"],
  ["a blob", (to: Repository) => readAll(client.openBlob(to, blob)), "CONTENT_SIZE_MISMATCH"],
])("%s without end is stopped", async (_case, read, code) => {
  const ended: Promise<void>[] = [];
  const repository = await start((_incoming, response) => {
    response.writeHead(200);
    ended.push(sendWithoutEnd(response));
  });
  await expect(read(repository)).rejects.toMatchObject({ code });
  await Promise.all(ended);
});

type Repository = Awaited<ReturnType<typeof start>>;

test("an error that is explained without end is only an error", async () => {
  const repository = await start((_incoming, response) => {
    response.writeHead(403);
    void sendWithoutEnd(response);
  });
  await expect(client.listTags(repository)).rejects.toMatchObject({ code: "REGISTRY_FORBIDDEN" });
});

test.each([
  ["more", 100, "content"],
  ["fewer", 3, "content"],
])("a blob of which %s bytes are announced than there are is refused", async (_case, length, body) => {
  const repository = await start((incoming, response) => {
    incoming.socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n${body}`);
    response.destroy();
  });
  await expect(readAll(client.openBlob(repository, blob))).rejects.toMatchObject({
    code: expect.stringMatching(/^(CONTENT_SIZE_MISMATCH|REGISTRY_UNREACHABLE)$/),
  });
});

test("pages stay with the registry", async () => {
  const strangers: string[] = [];
  const elsewhere = await start((incoming, response) => {
    strangers.push(incoming.url ?? "");
    response.end('{"tags":["stolen"]}');
  });
  const link = `<http://${elsewhere.registry}/v2/app/tags/list?last=a>; rel="next"`;
  const repository = await start((_incoming, response) => void response.writeHead(200, { link }).end('{"tags":["a"]}'));
  expect(await client.listTags(repository)).toEqual(["a"]);
  expect(strangers).toEqual([]);
});

test("pages without end are refused", async () => {
  const repository = await start((_incoming, response) => {
    response.writeHead(200, { link: '</v2/app/tags/list?last=a>; rel="next"' }).end('{"tags":["a"]}');
  });
  await expect(client.listTags(repository)).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
});

test("a token service that sends us elsewhere does not give our password away", async () => {
  const seen: (string | undefined)[] = [];
  const elsewhere = await start((incoming, response) => {
    seen.push(incoming.headers.authorization);
    response.end('{"token":"TOKEN"}');
  });
  const repository = await start((incoming, response) => {
    const { authorization, host } = incoming.headers;
    if (incoming.url?.startsWith("/token")) {
      response.writeHead(302, { location: `http://${elsewhere.registry}/token` }).end();
    } else if (authorization === undefined) {
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token"` }).end();
    } else {
      response.end('{"tags":[]}');
    }
  });
  expect(await client.listTags(repository)).toEqual([]);
  expect(seen).toEqual([undefined]);
});

test("a token service that is not there does not mean that an image is not there", async () => {
  const repository = await start((incoming, response) => {
    const realm = `http://${incoming.headers.host}/token`;
    if (incoming.url?.startsWith("/token")) response.writeHead(404).end();
    else response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
  });
  await expect(client.findManifest({ ...repository, tag: "v1" })).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
});

test("an upload is not continued in the open, or at an address that is none", async () => {
  for (const location of ["ftp://127.0.0.1/upload", "http://"]) {
    const repository = await start((_incoming, response) => void response.writeHead(202, { location }).end());
    const uploading = client.uploadBlob(repository, blob, async function* () {
      yield Buffer.from("content");
    });
    await expect(uploading).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
  }
});
