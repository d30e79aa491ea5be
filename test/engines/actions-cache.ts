import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer, text } from "node:stream/consumers";

/** A server that keeps caches as GitHub's runners expect it, in memory. */
export interface ActionsCache extends AsyncDisposable {
  readonly url: string;
  /** A token as a runner's job has it. */
  readonly token: string;
  /** The keys of what was committed. */
  readonly keys: readonly string[];
}

interface Entry {
  readonly key: string;
  readonly version: string;
  readonly chunks: { readonly offset: number; readonly data: Buffer }[];
  committed: boolean;
}

const PREFIX = "/_apis/artifactcache/";

/**
 * Starts one. It has the first version of the interface: look up, reserve, upload in chunks, commit, download in ranges.
 *
 * @source https://github.com/tonistiigi/go-actions-cache/blob/54bc28c26fd2/api.md
 */
export async function startActionsCache(): Promise<ActionsCache> {
  const entries: Entry[] = [];
  const token = makeToken();
  const server = await serveLoopback(async (request, response, base) => {
    if (request.headers.authorization !== `Bearer ${token}` && !request.url?.startsWith("/download/")) {
      response.writeHead(401).end();
      return;
    }
    await answer(request, response, entries, base);
  });
  return {
    ...server,
    token,
    get keys() {
      return entries.filter(({ committed }) => committed).map(({ key }) => key);
    },
  };
}

/** Serves HTTP on a free port of the loopback address. */
export async function serveLoopback(
  answerRequest: (request: IncomingMessage, response: ServerResponse, base: string) => Promise<void>,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    answerRequest(request, response, url()).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = (): string => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}`;
  };
  return {
    url: `${url()}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  entries: Entry[],
  base: string,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "", base);
  const json = (status: number, body: unknown): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  if (pathname.startsWith("/download/"))
    return download(request, response, entries[Number(pathname.split("/").at(-1))]);
  const path = pathname.replace(PREFIX, "");
  if (request.method === "GET" && path === "cache") {
    const keys = (searchParams.get("keys") ?? "").split(",");
    const version = searchParams.get("version");
    const index = entries.findLastIndex(
      (entry) => entry.committed && entry.version === version && keys.some((key) => entry.key.startsWith(key)),
    );
    const found = entries[index];
    if (found === undefined) return void response.writeHead(204).end();
    return json(200, { cacheKey: found.key, scope: "refs/heads/main", archiveLocation: `${base}/download/${index}` });
  }
  if (request.method === "POST" && path === "caches") {
    const { key, version }: { readonly key: string; readonly version: string } = JSON.parse(await text(request));
    if (entries.some((entry) => entry.key === key && entry.version === version)) {
      return json(409, { message: "exists", typeKey: "ArtifactCacheItemAlreadyExistsException" });
    }
    entries.push({ key, version, chunks: [], committed: false });
    return json(201, { cacheID: entries.length });
  }
  const entry = entries[Number(path.split("/").at(-1)) - 1];
  if (entry === undefined) return json(404, { message: "no such cache" });
  if (request.method === "PATCH") {
    const offset = Number(/^bytes (\d+)-/.exec(request.headers["content-range"] ?? "")?.[1]);
    entry.chunks.push({ offset, data: await buffer(request) });
    return void response.writeHead(204).end();
  }
  const { size }: { readonly size: number } = JSON.parse(await text(request));
  if (size !== contentOf(entry).byteLength) return json(400, { message: "not all of it was sent" });
  entry.committed = true;
  response.writeHead(204).end();
}

function download(request: IncomingMessage, response: ServerResponse, entry: Entry | undefined): void {
  if (!entry?.committed) return void response.writeHead(404).end();
  const content = contentOf(entry);
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const range = `bytes ${start}-${content.byteLength - 1}/${content.byteLength}`;
  response.writeHead(start > 0 ? 206 : 200, start > 0 ? { "content-range": range } : {});
  response.end(content.subarray(start));
}

function contentOf({ chunks }: Entry): Buffer {
  return Buffer.concat([...chunks].sort((left, right) => left.offset - right.offset).map(({ data }) => data));
}

/** Unsigned: the engine reads what it allows, and this server compares it as a whole. */
export function makeToken(): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const ac = JSON.stringify([{ Scope: "refs/heads/main", Permission: 3 }]);
  return `${part({ alg: "HS256", typ: "JWT" })}.${part({ ac, nbf: now - 60, exp: now + 3600 })}.c2lnbmF0dXJl`;
}
