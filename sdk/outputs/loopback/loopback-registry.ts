import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isKitsmithError, RegistryError } from "../../core/errors.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import type { ContentStream } from "../../oci/model/content.ts";
import type { Reference } from "../../oci/model/reference.ts";
import { createPushTarget, type PushAnswer, type PushTarget } from "./push-target.ts";

/** A place in the registry that one image is pushed to. */
export interface LoopbackRepository {
  /** What an engine is told; nobody else knows it. */
  readonly reference: Reference;
  /** True once something was asked for here. */
  wasReached(): boolean;
  /** Why something that came could not be stored. */
  failure(): unknown;
}

/** A registry in this process, whose content is the cache's. */
export interface LoopbackRegistry extends AsyncDisposable {
  openRepository(): LoopbackRepository;
}

const HOST = "127.0.0.1";
const PATH = /^\/v2\/(?<repository>[0-9a-f]+)\/(?<rest>.*)$/;

/**
 * Starts a registry that engines of this machine push to: what comes is verified, and stored in the cache without a name.
 * It takes and never gives, and only for who knows the name of a repository, which is chosen at random.
 *
 * @throws RegistryError `REGISTRY_UNREACHABLE` if it cannot listen
 */
export async function startLoopbackRegistry(cache: Cache): Promise<LoopbackRegistry> {
  const repositories = new Map<string, OpenRepository>();
  const closing = new AbortController();
  const target = createPushTarget(cache, { signal: closing.signal });
  const running = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const task = answer(request, response, repositories, target);
    running.add(task);
    void task.finally(() => running.delete(task));
  });
  // A large layer takes as long as it takes.
  server.requestTimeout = 0;
  const { port } = await listen(server);
  return {
    openRepository() {
      const name = randomBytes(20).toString("hex");
      const repository: OpenRepository = { wasReached: false, failure: undefined };
      repositories.set(name, repository);
      return {
        reference: { registry: `${HOST}:${port}`, repository: name },
        wasReached: () => repository.wasReached,
        failure: () => repository.failure,
      };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await stop(server);
      await Promise.allSettled(running);
    },
  };
}

interface OpenRepository {
  wasReached: boolean;
  failure: unknown;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  repositories: ReadonlyMap<string, OpenRepository>,
  target: PushTarget,
): Promise<void> {
  const url = new URL(request.url ?? "/", `http://${HOST}`);
  const { repository: name = "", rest = "" } = PATH.exec(url.pathname)?.groups ?? {};
  const repository = repositories.get(name);
  if (repository === undefined) return end(request, response, { status: url.pathname === "/v2/" ? 200 : 404 });
  repository.wasReached = true;
  try {
    const base = `/v2/${name}`;
    // Whoever sends must hear the answer: a request that is destroyed takes its connection with it.
    const body: ContentStream = request.iterator({ destroyOnReturn: false });
    end(request, response, await target.answer({ method: request.method ?? "", base, rest, url, body }));
  } catch (cause) {
    if (isKitsmithError(cause)) repository.failure ??= cause;
    // Whatever it is, it would be the same the next time: an engine tries again after 5xx.
    end(request, response, { status: 400 });
  }
}

function end(request: IncomingMessage, response: ServerResponse, { status, headers = {} }: PushAnswer): void {
  request.resume();
  response.writeHead(status, { "docker-distribution-api-version": "registry/2.0", ...headers }).end();
}

function listen(server: Server): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new RegistryError("REGISTRY_UNREACHABLE", `nothing can listen on ${HOST}`, { cause }));
    });
    server.listen(0, HOST, () => {
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
