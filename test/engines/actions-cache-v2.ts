import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { type ActionsCache, makeToken, serveLoopback } from "./actions-cache.ts";

/** A cache of the second version, with what its blobs went through. */
export interface ActionsCacheV2 extends ActionsCache {
  /** How often a blob was put in one piece, a block of one was put, a list of blocks was put, and a blob was read. */
  readonly counts: Readonly<Record<"whole" | "block" | "list" | "read", number>>;
}

interface Entry {
  readonly key: string;
  readonly version: string;
  readonly blocks: Map<string, Buffer>;
  content: Buffer | undefined;
  committed: boolean;
}

type Counts = Record<keyof ActionsCacheV2["counts"], number>;

const SERVICE = "/twirp/github.actions.results.api.v1.CacheService/";
const BLOBS = "/blobs/";

/**
 * Starts a server that keeps caches, in memory, with the second version of the interface: calls in JSON create an entry, finish
 * it and look one up; contents go to and come from signed addresses, as block blobs.
 *
 * @source https://github.com/tonistiigi/go-actions-cache/blob/54bc28c26fd2/cache_v2.go
 * @source https://learn.microsoft.com/en-us/rest/api/storageservices/put-block-list
 */
export async function startActionsCacheV2(): Promise<ActionsCacheV2> {
  const entries: Entry[] = [];
  const counts: Counts = { whole: 0, block: 0, list: 0, read: 0 };
  const token = makeToken();
  const sign = createSigner();
  const server = await serveLoopback(async (request, response, base) => {
    const { pathname, searchParams } = new URL(request.url ?? "", base);
    if (pathname.startsWith(BLOBS)) {
      // The address alone is the permission.
      if (searchParams.get("sig") !== sign(pathname)) return void answerBlob(response, 403);
      const entry = entries[Number(pathname.slice(BLOBS.length))];
      if (entry === undefined) return void answerBlob(response, 404);
      return await (request.method === "PUT" ? putBlob : getBlob)(request, response, { entry, counts, searchParams });
    }
    if (request.headers.authorization !== `Bearer ${token}`)
      return sendJson(response, 401, { code: "unauthenticated" });
    if (request.method !== "POST" || !pathname.startsWith(SERVICE))
      return sendJson(response, 404, { code: "bad_route" });
    const method = pathname.slice(SERVICE.length);
    const address = (index: number): string => `${base}${BLOBS}${index}?sig=${sign(`${BLOBS}${index}`)}`;
    sendJson(response, ...answerCall(method, JSON.parse(await text(request)), { entries, address }));
  });
  return {
    ...server,
    token,
    counts,
    get keys() {
      return entries.filter(({ committed }) => committed).map(({ key }) => key);
    },
  };
}

interface Call {
  readonly key: string;
  readonly version: string;
  readonly size_bytes?: number;
  readonly restore_keys?: readonly string[];
}

function answerCall(
  method: string,
  { key, version, size_bytes: size, restore_keys: restore = [] }: Call,
  { entries, address }: { readonly entries: Entry[]; readonly address: (index: number) => string },
): readonly [status: number, body: unknown] {
  const same = entries.findIndex((entry) => entry.key === key && entry.version === version);
  switch (method) {
    case "CreateCacheEntry": {
      if (same >= 0) return [409, { code: "already_exists", msg: "there is one" }];
      entries.push({ key, version, blocks: new Map(), content: undefined, committed: false });
      return [200, { ok: true, signed_upload_url: address(entries.length - 1) }];
    }
    case "FinalizeCacheEntryUpload": {
      const entry = entries[same];
      if (entry?.content === undefined || entry.content.byteLength !== Number(size)) {
        return [400, { code: "failed_precondition", msg: "not all of it was sent" }];
      }
      entry.committed = true;
      return [200, { ok: true, entry_id: String(same + 1) }];
    }
    case "GetCacheEntryDownloadURL": {
      const isWanted = (name: string): boolean => name === key || restore.some((prefix) => name.startsWith(prefix));
      const index = entries.findLastIndex(
        (entry) => entry.committed && entry.version === version && isWanted(entry.key),
      );
      const found = entries[index];
      if (found === undefined) return [200, { ok: false }];
      return [200, { ok: true, signed_download_url: address(index), matched_key: found.key }];
    }
    default:
      return [404, { code: "bad_route", msg: method }];
  }
}

interface BlobCall {
  readonly entry: Entry;
  readonly counts: Counts;
  readonly searchParams: URLSearchParams;
}

async function putBlob(request: IncomingMessage, response: ServerResponse, call: BlobCall): Promise<void> {
  const { entry, counts, searchParams } = call;
  const body = await buffer(request);
  switch (searchParams.get("comp")) {
    case "block":
      counts.block += 1;
      entry.blocks.set(searchParams.get("blockid") ?? "", body);
      break;
    case "blocklist": {
      counts.list += 1;
      const ids = [...body.toString().matchAll(/<(?:Latest|Uncommitted)>([^<]+)</g)].map(([, id = ""]) => id);
      const blocks = ids.map((id) => entry.blocks.get(id));
      if (!blocks.every((block) => block !== undefined)) return answerBlob(response, 400);
      entry.content = Buffer.concat(blocks);
      break;
    }
    default:
      if (request.headers["x-ms-blob-type"] !== "BlockBlob") return answerBlob(response, 400);
      counts.whole += 1;
      entry.content = body;
  }
  answerBlob(response, 201);
}

async function getBlob(request: IncomingMessage, response: ServerResponse, call: BlobCall): Promise<void> {
  const { entry, counts } = call;
  const { content } = entry;
  if (content === undefined) return answerBlob(response, 404);
  counts.read += 1;
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(String(request.headers["x-ms-range"] ?? request.headers.range)) ?? [];
  if (from === undefined) return answerBlob(response, 200, content);
  const end = to ? Math.min(Number(to), content.byteLength - 1) : content.byteLength - 1;
  const range = `bytes ${from}-${end}/${content.byteLength}`;
  answerBlob(response, 206, content.subarray(Number(from), end + 1), { "content-range": range });
}

/** Clients of the store read what every answer of it has. */
function answerBlob(
  response: ServerResponse,
  status: number,
  body: Uint8Array = new Uint8Array(),
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    "content-length": body.byteLength,
    "x-ms-request-id": randomBytes(8).toString("hex"),
    "x-ms-version": "2023-11-03",
    etag: '"0x1"',
    "last-modified": new Date(0).toUTCString(),
    "x-ms-blob-type": "BlockBlob",
    ...headers,
  });
  response.end(body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function createSigner(): (path: string) => string {
  const key = randomBytes(16);
  return (path) => createHmac("sha256", key).update(path).digest("hex");
}
