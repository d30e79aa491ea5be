import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Digest } from "../../core/digest.ts";
import { refuse } from "./refusal.ts";
import { isRepositoryName, parseDigest } from "./route.ts";
import type { RegistryStore } from "./store.ts";

/** Answers for one blob: GET with ranges, HEAD, DELETE. */
export async function serveBlob(
  store: RegistryStore,
  repository: string,
  digest: Digest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const size = await store.blobSize(repository, digest);
  if (size === undefined) throw refuse(404, "BLOB_UNKNOWN", `${repository} has no ${digest}`);
  if (request.method === "DELETE") {
    await store.unlinkBlob(repository, digest);
    response.writeHead(202).end();
    return;
  }
  const range = parseRange(request.headers.range, size);
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    etag: `"${digest}"`,
    "accept-ranges": "bytes",
  };
  if (range === undefined) response.writeHead(200, { ...headers, "content-length": size });
  else {
    const part = `bytes ${range.start}-${range.end}/${size}`;
    response.writeHead(206, { ...headers, "content-range": part, "content-length": range.end - range.start + 1 });
  }
  if (request.method === "HEAD" || size === 0) response.end();
  else await pipeline(store.readBlob(digest, range), response);
}

/** Starts an upload; with `mount` takes a blob from another repository, with `digest` takes it from the body. */
export async function startUpload(
  store: RegistryStore,
  repository: string,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const mount = query.get("mount");
  const from = query.get("from");
  if (mount !== null && from !== null && isRepositoryName(from)) {
    const digest = parseDigest(mount);
    if ((await store.blobSize(from, digest)) !== undefined) {
      await store.linkBlob(repository, digest);
      return answerCreated(response, repository, digest);
    }
  }
  const id = await store.startUpload();
  const digest = query.get("digest");
  if (digest === null) return answerUpload(response, repository, id, 0);
  await finish(store, repository, id, parseDigest(digest), request, response);
}

/** Goes on with an upload: PATCH adds, PUT adds and ends it, GET tells how far it is, DELETE gives it up. */
export async function continueUpload(
  store: RegistryStore,
  repository: string,
  id: string,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const offset = await store.uploadSize(id);
  if (offset === undefined) throw refuse(404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
  if (request.method === "GET") {
    response.writeHead(204, uploadHeaders(repository, id, offset)).end();
  } else if (request.method === "DELETE") {
    await store.dropUpload(id);
    response.writeHead(204).end();
  } else {
    checkOffset(request.headers["content-range"], offset, uploadHeaders(repository, id, offset));
    if (request.method === "PATCH") answerUpload(response, repository, id, await store.appendUpload(id, request));
    else await finish(store, repository, id, parseDigest(query.get("digest") ?? ""), request, response);
  }
}

async function finish(
  store: RegistryStore,
  repository: string,
  id: string,
  digest: Digest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await store.appendUpload(id, request);
  if (!(await store.finishUpload(id, repository, digest))) {
    throw refuse(400, "DIGEST_INVALID", "the content has another digest");
  }
  answerCreated(response, repository, digest);
}

function answerCreated(response: ServerResponse, repository: string, digest: Digest): void {
  response
    .writeHead(201, {
      location: `/v2/${repository}/blobs/${digest}`,
      "docker-content-digest": digest,
      "content-length": 0,
    })
    .end();
}

function answerUpload(response: ServerResponse, repository: string, id: string, size: number): void {
  response.writeHead(202, { ...uploadHeaders(repository, id, size), "content-length": 0 }).end();
}

function uploadHeaders(repository: string, id: string, size: number): Record<string, string> {
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, size - 1)}`,
    "docker-upload-uuid": id,
  };
}

/** Chunks come in order; `start-end` without unit, as the specification has it. */
function checkOffset(header: string | undefined, offset: number, headers: Readonly<Record<string, string>>): void {
  if (header === undefined) return;
  const start = /^(?:bytes )?(\d+)-\d+(?:\/.*)?$/.exec(header)?.[1];
  if (start === undefined || Number(start) !== offset) {
    throw refuse(416, "BLOB_UPLOAD_INVALID", `the upload stands at ${offset}`, headers);
  }
}

/** One range of bytes; other forms count as none, which HTTP allows. */
function parseRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (match === null || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start <= end) return { start, end };
  throw refuse(416, "SIZE_INVALID", "no such range", { "content-range": `bytes */${size}` });
}
