import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import type { Credential } from "../../sdk/credentials/credential-source.ts";
import { openCache } from "../../sdk/oci/layout/cache.ts";
import { createRegistryClient, type RegistryClient } from "../../sdk/oci/registry/client.ts";
import { pushImage } from "../../sdk/oci/registry/publishing/image-copy.ts";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../sdk/testing/registry.ts";
import { describeRegistry } from "./registry-suite.ts";
import { createImage } from "./sample-image.ts";

describeRegistry("the embedded registry", async () => {
  const directory = await mkdtemp(join(tmpdir(), "kitsmith-registry-"));
  const registry = await startRegistry({ directory });
  return {
    address: registry.address,
    async [Symbol.asyncDispose]() {
      await registry.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});

let directory: string;
const open: { close(): void | Promise<void> }[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-registry-"));
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(options: Omit<RegistryOptions, "directory"> = {}): Promise<RunningRegistry> {
  const registry = await startRegistry({ directory: join(directory, "registry"), ...options });
  open.push(registry);
  return registry;
}

function clientWith(credential?: Credential): RegistryClient {
  const client = createRegistryClient({ credentials: { get: async () => credential } });
  open.push(client);
  return client;
}

const wrong: Credential = { kind: "basic", username: "user", password: "wrong" };
const right: Credential = { kind: "basic", username: "user", password: "secret" };
const identity: Credential = { kind: "identity-token", token: "secret" };

describe.each(["basic", "token"] as const)("a registry with %s authentication", (kind) => {
  test("lets in who knows the password, and nobody else", async () => {
    const registry = await start({ auth: { kind, username: "user", password: "secret" } });
    const repository = { registry: registry.address, repository: "team/app" };
    for (const credential of [undefined, wrong]) {
      const refused = clientWith(credential);
      await expect(refused.checkPush(repository)).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
      await expect(refused.resolveManifest({ ...repository, tag: "v1" })).rejects.toMatchObject({
        code: "REGISTRY_UNAUTHORIZED",
      });
    }
    const cache = await openCache(join(directory, "cache"));
    const image = await createImage(cache, "amd64");
    for (const credential of kind === "token" ? [right, identity] : [right]) {
      const client = clientWith(credential);
      await pushImage(client, repository, cache, image, { mountFrom: "team/base" });
      await expect(client.resolveManifest({ ...repository, digest: image.digest })).resolves.toBeDefined();
    }
  });
});

test("calls at the same time share one access token", async () => {
  let tokens = 0;
  const auth = { kind: "token", username: "user", password: "secret" } as const;
  const registry = await start({ auth });
  const front = createServer((incoming, response) => {
    if (incoming.url?.startsWith("/token")) tokens += 1;
    const { url: path, method, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port: registry.port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      pipeline(answer, response, () => undefined);
    });
    pipeline(incoming, onward, () => undefined);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  open.push({ close: () => void front.close().closeAllConnections() });
  const bound = front.address();
  const address = `127.0.0.1:${typeof bound === "object" ? bound?.port : ""}`;
  const client = clientWith(right);
  const reference = { registry: address, repository: "app", tag: "v1" };
  const found = await Promise.all(Array.from({ length: 20 }, () => client.resolveManifest(reference)));
  expect(found.every((image) => image === undefined)).toBe(true);
  expect(tokens).toBe(1);
});

test("access tokens that have ended are fetched anew", async () => {
  const auth = { kind: "token", username: "user", password: "secret", tokenLifeSeconds: 1 } as const;
  const registry = await start({ auth });
  const repository = { registry: registry.address, repository: "app" };
  const client = clientWith(right);
  for (let time = 0; time < 3; time += 1) {
    await client.checkPush(repository);
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
});

test("a registry that is read-only gives and takes nothing", async () => {
  const cache = await openCache(join(directory, "cache"));
  const image = await createImage(cache, "amd64");
  const first = await start();
  const client = clientWith();
  await pushImage(client, { registry: first.address, repository: "app" }, cache, image);
  await first.close();
  const registry = await start({ readOnly: true });
  const repository = { registry: registry.address, repository: "app" };
  expect((await client.resolveManifest({ ...repository, digest: image.digest }))?.digest).toBe(image.digest);
  await expect(client.checkPush(repository)).rejects.toMatchObject({ code: "REGISTRY_REJECTED" });
  await expect(client.deleteManifest({ ...repository, digest: image.digest })).rejects.toMatchObject({
    code: "REGISTRY_REJECTED",
  });
});

test("a chunk that is out of order is refused, and says where the upload stands", async () => {
  const registry = await start();
  const started = await fetch(`http://${registry.address}/v2/a/blobs/uploads/`, { method: "POST" });
  const upload = new URL(started.headers.get("location") ?? "", started.url);
  const send = (range: string) =>
    fetch(upload, { method: "PATCH", headers: { "content-range": range }, body: new Uint8Array(4) });
  expect((await send("0-3")).status).toBe(202);
  const late = await send("8-11");
  expect(late.status).toBe(416);
  expect(late.headers.get("range")).toBe("0-3");
  expect((await send("4-7")).status).toBe(202);
  expect((await fetch(upload)).headers.get("range")).toBe("0-7");
  expect((await fetch(upload, { method: "DELETE" })).status).toBe(204);
  expect((await fetch(upload)).status).toBe(404);
});

test("what refers to an image is listed with it", async () => {
  const registry = await start();
  const cache = await openCache(join(directory, "cache"));
  const image = await createImage(cache, "amd64");
  const client = clientWith();
  const repository = { registry: registry.address, repository: "app" };
  await pushImage(client, repository, cache, image);
  const { platform: _platform, ...subject } = image;
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf("{}"), size: 2 };
  await client.uploadBlob(repository, config, async function* () {
    yield new TextEncoder().encode("{}");
  });
  const content = new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: "text/sbom",
      config,
      layers: [config],
      subject,
    }),
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  await client.putManifest({ ...repository, digest: digestOf(content) }, { content, mediaType });
  const url = `http://${registry.address}/v2/app/referrers/${image.digest}`;
  const list = async (query: string) => {
    const answer: unknown = await (await fetch(`${url}${query}`)).json();
    return answer;
  };
  expect(await list("")).toMatchObject({ manifests: [{ digest: digestOf(content), artifactType: "text/sbom" }] });
  expect(await list("?artifactType=other")).toMatchObject({ manifests: [] });
});

test("tags come in pages, which our client puts together", async () => {
  const registry = await start();
  const cache = await openCache(join(directory, "cache"));
  const image = await createImage(cache, "amd64");
  const client = clientWith();
  const repository = { registry: registry.address, repository: "app" };
  await pushImage(client, repository, cache, image);
  const content = await cache.readBlob(image);
  for (const tag of ["a", "b", "c"]) {
    await client.putManifest({ ...repository, tag }, { content, mediaType: image.mediaType });
  }
  const page = await fetch(`http://${registry.address}/v2/app/tags/list?n=2`);
  expect(await page.json()).toEqual({ name: "app", tags: ["a", "b"] });
  expect(page.headers.get("link")).toContain("last=b");
});

test("a path that would lead out of the directory is none", async () => {
  const registry = await start();
  for (const path of [
    "/v2/..%2f..%2fetc/manifests/v1",
    "/v2/a/blobs/uploads/..%2f..%2fx",
    "/v2/a%00/tags/list",
    "/v2/%zz/tags/list",
  ]) {
    const { status } = await fetch(`http://${registry.address}${path}`);
    expect([400, 404]).toContain(status);
  }
});
