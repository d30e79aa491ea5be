import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { createRegistryClient, type RegistryClient } from "../../sdk/oci/registry/client.ts";
import { createHttpSender } from "../../sdk/oci/registry/http/http.ts";
import { publishIndex } from "../../sdk/oci/registry/publishing/publish-index.ts";
import { type RunningRegistry, startRegistry } from "../../sdk/testing/registry.ts";
import { readAll } from "./sample-image.ts";

const run = promisify(execFile);
let directory: string;
let registry: RunningRegistry;
let client: RegistryClient;
const servers: Server[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-faults-"));
  registry = await startRegistry({ directory: join(directory, "registry") });
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
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

type Handler = (incoming: IncomingMessage, response: ServerResponse) => boolean;

/** A server that handles some requests itself, and passes the others on to the registry. */
async function startProxy(handle: Handler): Promise<string> {
  const server = createServer((incoming, response) => {
    if (handle(incoming, response)) return;
    const onward = request(
      {
        host: "127.0.0.1",
        port: registry.port,
        path: incoming.url,
        method: incoming.method,
        headers: incoming.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        pipeline(answer, response, () => undefined);
      },
    );
    pipeline(incoming, onward, () => undefined);
  });
  return await listen(server);
}

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

/** Handles the first so many requests that fit. */
function firstTimes(count: number, fits: (incoming: IncomingMessage) => boolean, handle: Handler): Handler {
  let left = count;
  return (incoming, response) => {
    if (left === 0 || !fits(incoming)) return false;
    left -= 1;
    return handle(incoming, response);
  };
}

const answerWith =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ""): Handler =>
  (incoming, response) => {
    incoming.resume();
    response.writeHead(status, headers).end(body);
    return true;
  };
const cut: Handler = (incoming) => {
  incoming.socket.destroy();
  return true;
};

const content = new TextEncoder().encode("some content");
const blob = { digest: digestOf(content), size: content.byteLength };
async function* stream(): AsyncGenerator<Uint8Array> {
  yield content;
}

describe.each([
  ["500", answerWith(500)],
  ["503 with Retry-After", answerWith(503, { "retry-after": "0" })],
  ["429", answerWith(429, { "retry-after": "0" })],
  ["a connection that breaks", cut],
] as const)("after %s", (_case, fault) => {
  test.each(["POST", "PUT", "HEAD", "GET"])("%s is repeated", async (method) => {
    const proxy = await startProxy(firstTimes(2, (incoming) => incoming.method === method, fault));
    const repository = { registry: proxy, repository: "app" };
    await client.uploadBlob(repository, blob, stream);
    expect(await client.hasBlob(repository, blob)).toBe(true);
    expect(await readAll(client.openBlob(repository, blob))).toEqual(content);
  });
});

test.each([
  [401, "REGISTRY_UNAUTHORIZED"],
  [403, "REGISTRY_FORBIDDEN"],
  [404, "REGISTRY_NOT_FOUND"],
  [400, "REGISTRY_REJECTED"],
])("%i is an error of its own, and not asked about twice", async (status, code) => {
  let asked = 0;
  const proxy = await startProxy((incoming, response) => {
    asked += 1;
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "no" }] });
    return answerWith(status, {}, body)(incoming, response);
  });
  const reading = client.getManifest({ registry: proxy, repository: "app", tag: "v1" });
  await expect(reading).rejects.toMatchObject({ code, details: { status } });
  expect(asked).toBe(1);
});

test.each([
  [429, "REGISTRY_RATE_LIMITED"],
  [502, "REGISTRY_UNAVAILABLE"],
])("%i that does not end is an error of its own", async (status, code) => {
  const proxy = await startProxy(answerWith(status, { "retry-after": "0" }));
  const looking = client.resolveManifest({ registry: proxy, repository: "app", tag: "v1" });
  await expect(looking).rejects.toMatchObject({ code });
});

test("a registry that is not there is an error of its own", async () => {
  await registry.close();
  const reading = client.resolveManifest({ registry: registry.address, repository: "app", tag: "v1" });
  await expect(reading).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
});

test("an abort ends a wait for a registry that is slow", async () => {
  const proxy = await startProxy(() => true);
  const aborting = new AbortController();
  const waiting = client.resolveManifest({ registry: proxy, repository: "a", tag: "v1" }, { signal: aborting.signal });
  setTimeout(() => aborting.abort("enough"), 20);
  await expect(waiting).rejects.toBe("enough");
});

test("an abort ends a pause before the next try", async () => {
  const proxy = await startProxy(answerWith(503, { "retry-after": "30" }));
  const aborting = new AbortController();
  const waiting = client.resolveManifest({ registry: proxy, repository: "a", tag: "v1" }, { signal: aborting.signal });
  setTimeout(() => aborting.abort("enough"), 50);
  await expect(waiting).rejects.toBe("enough");
});

test("a blob goes in chunks where it may not go whole", async () => {
  const refusesWhole: Handler = (incoming, response) => {
    const isWhole = incoming.method === "PUT" && incoming.headers["content-length"] !== "0";
    return isWhole && incoming.headers["content-length"] !== undefined ? answerWith(413)(incoming, response) : false;
  };
  const repository = { registry: await startProxy(refusesWhole), repository: "app" };
  const large = { digest: digestOf(new Uint8Array(20_000_000)), size: 20_000_000 };
  await client.uploadBlob(repository, large, async function* () {
    for (let piece = 0; piece < 20; piece += 1) yield new Uint8Array(1_000_000);
  });
  expect(await client.hasBlob(repository, large)).toBe(true);
});

test("a redirect to another host goes without credentials", async () => {
  const seen: (string | undefined)[] = [];
  const storage = await listen(
    createServer((incoming, response) => {
      seen.push(incoming.headers.authorization);
      response.end(content);
    }),
  );
  const proxy = await startProxy((incoming, response) => {
    if (incoming.headers.authorization === undefined) {
      return answerWith(401, { "www-authenticate": 'Basic realm="x"' })(incoming, response);
    }
    return answerWith(307, { location: `http://${storage}/elsewhere` })(incoming, response);
  });
  expect(await readAll(client.openBlob({ registry: proxy, repository: "app" }, blob))).toEqual(content);
  expect(seen).toEqual([undefined]);
});

describe.each([
  ["goes on where it broke", true],
  ["reads again what it had, where the registry knows no parts", false],
])("a download whose connection breaks", (name, knowsParts) => {
  test(`${name}`, async () => {
    const large = new Uint8Array(1_000_000).map((_, place) => place % 251);
    const offsets: number[] = [];
    const proxy = await startProxy((incoming, response) => {
      const start = Number(/^bytes=(\d+)-$/.exec(incoming.headers.range ?? "")?.[1] ?? 0);
      offsets.push(start);
      const from = knowsParts ? start : 0;
      const rest = large.subarray(from);
      const range = { "content-range": `bytes ${from}-${large.byteLength - 1}/${large.byteLength}` };
      const headers = { "content-length": rest.byteLength, ...(from > 0 ? range : {}) };
      response.writeHead(from > 0 ? 206 : 200, headers);
      if (offsets.length > 3) response.end(rest);
      else response.write(rest.subarray(0, 100_000 * offsets.length), () => setTimeout(() => response.destroy(), 20));
      return true;
    });
    const expected = { digest: digestOf(large), size: large.byteLength };
    const read = await readAll(client.openBlob({ registry: proxy, repository: "app" }, expected));
    expect(digestOf(read)).toBe(expected.digest);
    expect(offsets).toHaveLength(4);
    expect(offsets[3]).toBeGreaterThan(0);
  });
});

test("a download that gets no further is given up", async () => {
  let asked = 0;
  const proxy = await startProxy((_incoming, response) => {
    asked += 1;
    response.writeHead(200, { "content-length": 12 });
    response.write("so", () => setTimeout(() => response.destroy(), 5));
    return true;
  });
  const reading = readAll(client.openBlob({ registry: proxy, repository: "app" }, blob));
  await expect(reading).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  expect(asked).toBeLessThan(10);
}, 60_000);

test("a manifest and a list whose connection breaks are asked for again", async () => {
  const half: Handler = (_incoming, response) => {
    response.writeHead(200, { "content-length": 100 });
    response.write("{", () => response.destroy());
    return true;
  };
  const repository = { registry: registry.address, repository: "app" };
  await client.uploadBlob(repository, blob, stream);
  const index = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, manifests: [] }));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  await client.putManifest({ ...repository, tag: "v1" }, { content: index, mediaType });
  const reads = { registry: await startProxy(firstTimes(2, () => true, half)), repository: "app" };
  expect((await client.getManifest({ ...reads, tag: "v1" })).descriptor.digest).toBe(digestOf(index));
  const lists = { registry: await startProxy(firstTimes(2, () => true, half)), repository: "app" };
  expect(await client.listTags(lists)).toEqual(["v1"]);
});

test("redirects without end are refused", async () => {
  const proxy = await startProxy(answerWith(302, { location: "/again" }));
  const reading = readAll(client.openBlob({ registry: proxy, repository: "app" }, blob));
  await expect(reading).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
});

test.each([
  ["other bytes", "SOME CONTENT", "CONTENT_DIGEST_MISMATCH"],
  ["too few bytes", "some", "CONTENT_SIZE_MISMATCH"],
  ["too many bytes", "some content and more", "CONTENT_SIZE_MISMATCH"],
])("a blob with %s is refused", async (_case, body, code) => {
  const proxy = await startProxy(answerWith(200, {}, body));
  const reading = readAll(client.openBlob({ registry: proxy, repository: "app" }, blob));
  await expect(reading).rejects.toMatchObject({ code });
});

test("a manifest without end is refused", async () => {
  const proxy = await startProxy((_incoming, response) => {
    response.writeHead(200);
    const write = () => {
      while (response.write(Buffer.alloc(65536, "x")));
      response.once("drain", write);
    };
    write();
    return true;
  });
  const reading = client.getManifest({ registry: proxy, repository: "app", tag: "v1" });
  await expect(reading).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
});

test("a manifest under another's digest is refused", async () => {
  const proxy = await startProxy(answerWith(200, {}, JSON.stringify({ schemaVersion: 2, manifests: [] })));
  const reading = client.getManifest({ registry: proxy, repository: "app", digest: digestOf("another") });
  await expect(reading).rejects.toMatchObject({ code: "CONTENT_DIGEST_MISMATCH" });
});

test("the token service of a registry fails as a registry does", async () => {
  const proxy = await startProxy((incoming, response) => {
    const realm = `http://${incoming.headers.host}/token`;
    if (incoming.url?.startsWith("/token")) return answerWith(200, {}, "SECRET, not JSON")(incoming, response);
    return answerWith(401, { "www-authenticate": `Bearer realm="${realm}"` })(incoming, response);
  });
  const looking = client.resolveManifest({ registry: proxy, repository: "app", tag: "v1" });
  await expect(looking).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
  await expect(looking).rejects.not.toThrow("SECRET");
});

test("an index that others keep changing is given up", async () => {
  const repository = { registry: registry.address, repository: "app" };
  const put = client.putManifest;
  let count = 0;
  // Another writer without arch tags, which answers each of our puts with one of its own.
  const contested: RegistryClient = {
    ...client,
    putManifest: async (reference, manifest, options) => {
      const descriptor = await put(reference, manifest, options);
      count += 1;
      const annotations = { count: String(count) };
      const other = new TextEncoder().encode(
        JSON.stringify({ ...JSON.parse(new TextDecoder().decode(manifest.content)), annotations }),
      );
      await put(reference, { content: other, mediaType: manifest.mediaType }, options);
      return descriptor;
    },
  };
  const publishing = publishIndex({ client: contested, repository, tag: "v1", entries: [], archTags: false });
  await expect(publishing).rejects.toMatchObject({ code: "REGISTRY_INDEX_CONFLICT" });
});

test("a certificate that nobody vouches for is an error of its own, and can be trusted", async () => {
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
  ]);
  const [keyText, certText] = [await readFile(key, "utf8"), await readFile(cert, "utf8")];
  const address = await listen(
    createSecureServer({ key: keyText, cert: certText }, (_, response) => void response.end("{}")),
  );
  const get = { method: "GET", url: new URL(`https://${address}/v2/`), headers: {} } as const;
  const [doubting, trusting] = [createHttpSender(), createHttpSender({ certificates: async () => [certText] })];
  await expect(doubting.send(get)).rejects.toMatchObject({ code: "REGISTRY_TLS" });
  const answer = await trusting.send(get);
  expect(answer.status).toBe(200);
  answer.discard();
  for (const sender of [doubting, trusting]) sender.close();
});
