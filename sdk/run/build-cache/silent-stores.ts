import { once } from "node:events";
import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { type Abortable, anySignal } from "../../core/abort.ts";
import type { CacheEntry } from "../../engine/engine.ts";
import { parseReference } from "../../oci/model/reference.ts";
import { apiHost, isLoopback } from "../../oci/registry/http/endpoint.ts";
import type { NodeName } from "../../progress/event.ts";
import type { PackageSpec } from "../facade/package-spec.ts";
import type { RunContext } from "../run.ts";
import { NO_CACHES } from "./settings.ts";

/** Any registry or store says something within it. */
const TIMEOUT_MS = 10_000;

/**
 * The imports whose stores are alive. An engine waits without limit for a store that takes a connection and says nothing, even
 * with every result at hand, and nothing else runs on it meanwhile; such an import is left out, with a word. What cannot be
 * reached from here is left in: the engine may reach it, and else gives up by itself.
 */
export async function answeringImports(
  imports: readonly CacheEntry[],
  { caches = NO_CACHES, sharedCaches = NO_CACHES }: Pick<PackageSpec, "caches" | "sharedCaches">,
  node: NodeName,
  { emit, signal }: RunContext,
): Promise<readonly CacheEntry[]> {
  const timeoutMs = Math.min(caches.importTimeoutMs ?? TIMEOUT_MS, sharedCaches.importTimeoutMs ?? TIMEOUT_MS);
  const silent = await Promise.all(imports.map((entry) => silentStore(entry, { timeoutMs, signal })));
  for (const host of new Set(silent.filter((one) => one !== undefined))) {
    const message = `${host} takes connections and says nothing: the build goes on without the caches that are there`;
    emit({ type: "notice", at: Date.now(), level: "warning", node, message });
  }
  return imports.filter((_, index) => silent[index] === undefined);
}

/** The host of a cache that takes a connection and says nothing within the time, by default 10 seconds; else undefined. */
export async function silentStore(
  entry: CacheEntry,
  { signal, timeoutMs = TIMEOUT_MS }: Abortable & { readonly timeoutMs?: number },
): Promise<string | undefined> {
  const store = storeOf(entry);
  return store !== undefined && (await isSilent(store, timeoutMs, { signal })) ? store.host : undefined;
}

/** Where the engine will ask; undefined for what it asks us, and where only it knows. */
function storeOf({ type, attributes }: CacheEntry): URL | undefined {
  const { ref, url, url_v2: secondUrl, version, endpoint_url: endpoint, account_url: account } = attributes;
  if (type === "registry" && ref !== undefined) {
    const { registry } = parseReference(ref);
    const isPlain = attributes["registry.insecure"] === "true" || isLoopback(registry);
    return urlOf(`${isPlain ? "http" : "https"}://${apiHost(registry)}/v2/`);
  }
  if (type === "gha") return urlOf((version === "1" ? undefined : secondUrl) ?? url);
  return urlOf(endpoint ?? account);
}

function urlOf(text: string | undefined): URL | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
}

/** Whatever is answered is a sign of life, a refusal and a failed handshake, too. */
async function isSilent(store: URL, timeoutMs: number, { signal }: Abortable): Promise<boolean> {
  const late = AbortSignal.timeout(timeoutMs);
  const options = { agent: false, signal: anySignal(signal, late) };
  const request = store.protocol === "https:" ? requestHttps(store, options) : requestHttp(store, options);
  const connected = isConnected(request);
  try {
    request.end();
    await once(request, "response");
    return false;
  } catch {
    return late.aborted && connected();
  } finally {
    request.on("error", () => {}).destroy();
  }
}

function isConnected(request: ClientRequest): () => boolean {
  let connected = false;
  request.on("socket", (socket) => {
    socket.once("connect", () => {
      connected = true;
    });
  });
  return () => connected;
}
