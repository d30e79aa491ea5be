import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RegistryError } from "../core/errors.ts";
import { type Access, createAccess, type RegistryAuth } from "./registry/access.ts";
import { continueUpload, serveBlob, startUpload } from "./registry/blob-routes.ts";
import { serveManifest, serveReferrers, serveTags } from "./registry/manifest-routes.ts";
import { refusalOf, refuse } from "./registry/refusal.ts";
import { parseRoute, type Route } from "./registry/route.ts";
import { openRegistryStore, type RegistryStore } from "./registry/store.ts";

export type { RegistryAuth } from "./registry/access.ts";

/** How a registry is started. */
export interface RegistryOptions {
  /** What it holds; it is made if it is not there, and a later registry on it holds the same. */
  readonly directory: string;
  /** Default: one that is free. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`: it speaks plain http, so it should not be reached from elsewhere. */
  readonly host?: string | undefined;
  /** Refuse every change. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Default: everybody may do everything. */
  readonly auth?: RegistryAuth | undefined;
}

/** A registry that is running. */
export interface RunningRegistry extends AsyncDisposable {
  /** Host and port, as they stand in image references: `127.0.0.1:5000`. */
  readonly address: string;
  readonly port: number;
  /** Ends it, and the connections to it. */
  close(): Promise<void>;
}

/**
 * Starts a registry over a directory: push in one piece, in chunks and by mounting, pull with ranges, tags, referrers and
 * delete. Content is streamed to disk and verified; every change survives a crash.
 *
 * @throws RegistryError `REGISTRY_UNREACHABLE` if it cannot listen
 * @source https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const { host = "127.0.0.1", port = 0 } = options;
  const store = await openRegistryStore(options.directory);
  const access = createAccess(options.auth);
  const server = createServer((request, response) => {
    void answer(request, response, store, access, options.readOnly ?? false);
  });
  // A large layer takes as long as it takes.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  const address = await listen(server, host, port);
  const close = () => stop(server);
  return Object.freeze({
    address: `${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    close,
    [Symbol.asyncDispose]: close,
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  store: RegistryStore,
  access: Access,
  readOnly: boolean,
): Promise<void> {
  response.setHeader("docker-distribution-api-version", "registry/2.0");
  try {
    const url = new URL(request.url ?? "/", "http://registry");
    const route = parseRoute(decodeURIComponent(url.pathname));
    access.check(request, route);
    checkMethod(request.method ?? "", route, readOnly);
    await dispatch(route, url.searchParams, request, response, store, access);
  } catch (thrown) {
    writeRefusal(thrown, request, response);
  }
}

async function dispatch(
  route: Route,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
  store: RegistryStore,
  access: Access,
): Promise<void> {
  switch (route.kind) {
    case "base":
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
      return;
    case "token":
      return await access.serveToken(request, query, response);
    case "manifest":
      return await serveManifest(store, route.repository, route.reference, request, response);
    case "blob":
      return await serveBlob(store, route.repository, route.digest, request, response);
    case "uploads":
      return await startUpload(store, route.repository, query, request, response);
    case "upload":
      return await continueUpload(store, route.repository, route.id, query, request, response);
    case "tags":
      return await serveTags(store, route.repository, query, response);
    case "referrers":
      return await serveReferrers(store, route.repository, route.digest, query, response);
  }
}

const METHODS: Readonly<Record<Route["kind"], readonly string[]>> = {
  base: ["GET", "HEAD"],
  token: ["GET", "POST"],
  manifest: ["GET", "HEAD", "PUT", "DELETE"],
  blob: ["GET", "HEAD", "DELETE"],
  uploads: ["POST"],
  upload: ["GET", "PATCH", "PUT", "DELETE"],
  tags: ["GET"],
  referrers: ["GET"],
};

function checkMethod(method: string, route: Route, readOnly: boolean): void {
  const changes = method !== "GET" && method !== "HEAD" && route.kind !== "token";
  if (!METHODS[route.kind].includes(method)) throw refuse(405, "UNSUPPORTED", "no such method here");
  if (readOnly && changes) throw refuse(405, "UNSUPPORTED", "this registry is read-only");
}

function writeRefusal(thrown: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, code, message, headers } = refusalOf(thrown);
  // What is left of a body that nobody reads would be taken for the next request.
  const rest = request.complete ? {} : { connection: "close" };
  response.writeHead(status, { "content-type": "application/json", ...headers, ...rest });
  response.end(request.method === "HEAD" ? undefined : JSON.stringify({ errors: [{ code, message }] }));
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const problem = new RegistryError("REGISTRY_UNREACHABLE", `no registry can listen on ${host}:${port}`, {
        cause,
        hint: "Use another port, or end what listens there.",
        details: { host, port },
      });
      reject(problem);
    });
    server.listen(port, host, () => {
      const address = server.address();
      if (address !== null && typeof address === "object") resolve(address);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
