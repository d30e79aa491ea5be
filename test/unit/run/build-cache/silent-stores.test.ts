import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import type { CacheEntry } from "../../../../sdk/engine/engine.ts";
import type { RunEvent } from "../../../../sdk/progress/event.ts";
import { answeringImports, silentStore } from "../../../../sdk/run/build-cache/silent-stores.ts";

const NODE = { package: "acme/p", platform: "linux/amd64" } as const;

async function listen(serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    host: `127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const entriesFor = (host: string): readonly CacheEntry[] => [
  { type: "registry", attributes: { ref: `${host}/a/p:t` } },
  { type: "gha", attributes: { url: `https://${host}/` } },
  { type: "gha", attributes: { url: "http://127.0.0.1:1/", url_v2: `http://${host}/` } },
  { type: "s3", attributes: { endpoint_url: `http://${host}` } },
  { type: "azblob", attributes: { account_url: `https://${host}/account` } },
];
const silence = (entry: CacheEntry) => silentStore(entry, { timeoutMs: 300 });

test("who takes a connection and says nothing is silent, with TLS or without", async () => {
  await using silent = await listen(() => {});
  for (const entry of entriesFor(silent.host)) expect(await silence(entry)).toBe(silent.host);
});

test("whatever is said is a sign of life", async () => {
  await using rude = await listen((socket) => void socket.once("data", () => socket.end("HTTP/1.1 500 no\r\n\r\n")));
  await using closing = await listen((socket) => void socket.destroy());
  for (const host of [rude.host, closing.host]) {
    for (const entry of entriesFor(host)) expect(await silence(entry)).toBeUndefined();
  }
});

test("who cannot be reached from here, or is not asked over the network, is left to the engine", async () => {
  const gone = await listen(() => {});
  await gone[Symbol.asyncDispose]();
  const local: CacheEntry = { type: "local", attributes: { src: "x", digest: "sha256:0" } };
  const own: CacheEntry = { type: "s3", attributes: { bucket: "b", region: "r" } };
  for (const entry of [...entriesFor(gone.host), local, own]) expect(await silence(entry)).toBeUndefined();
});

test("imports from a silent store are left out, with one word for each store", async () => {
  await using silent = await listen(() => {});
  const events: RunEvent[] = [];
  const local: CacheEntry = { type: "local", attributes: { src: "x", digest: "sha256:0" } };
  const [registry, gha] = entriesFor(silent.host);
  const imports = [registry, local, gha].filter((one) => one !== undefined);
  const caches = { from: [], to: [], importTimeoutMs: 300 };
  const context = { emit: (event: RunEvent) => void events.push(event), signal: new AbortController().signal };
  expect(await answeringImports(imports, { caches }, NODE, context)).toEqual([local]);
  expect(events).toMatchObject([{ type: "notice", level: "warning", node: NODE }]);
});
