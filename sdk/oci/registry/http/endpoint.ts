import type { Abortable } from "../../../core/abort.ts";
import { isKitsmithError } from "../../../core/errors.ts";
import { findMirror, type Mirrors } from "../../../credentials/mirrors.ts";
import { DOCKER_HUB, type Reference } from "../../model/reference.ts";

type Repository = Pick<Reference, "registry" | "repository">;

/** Where a repository's API is. */
export interface Endpoint {
  /** The name under which its credentials are kept. */
  readonly host: string;
  /** With `http:` where it is spoken to in the open. */
  readonly origin: string;
  /** The repository's path there: a mirror may put something before it. */
  readonly repository: string;
}

/** Finds endpoints. */
export type EndpointFinder = (repository: Repository, options: Abortable) => Promise<Endpoint>;

/** What endpoints depend on. */
export interface EndpointOptions {
  readonly mirrors?: Mirrors | undefined;
  /** Hosts that are spoken to in plain http without asking. */
  readonly plainHttp?: readonly string[] | undefined;
  /** Resolves if a host answers by TLS. */
  readonly probe: (origin: string, options: Abortable) => Promise<void>;
  /** Told, once for a host, that it is spoken to in the open. */
  readonly onNotice?: ((message: string) => void) | undefined;
}

const HUB_API = "registry-1.docker.io";
const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\]|[^:]+\.localhost)(:\d+)?$/;
const PRIVATE =
  /^(10(?:\.\d{1,3}){3}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|192\.168(?:\.\d{1,3}){2}|[^:]+\.local)(:\d+)?$/;
/** What a server that speaks no TLS, or none on that port, gives. A certificate that is not accepted is not among it. */
const NO_TLS: ReadonlySet<unknown> = new Set([
  "EPROTO",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ECONNREFUSED",
]);

/** The host that a registry is spoken to at. */
export function apiHost(registry: string): string {
  return registry === DOCKER_HUB ? HUB_API : registry;
}

/** True if a host is this machine, so that plain http is safe. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** True if a host belongs to a network of its own, where registries without TLS are common. */
export function isPrivate(host: string): boolean {
  return PRIVATE.test(host);
}

/**
 * Creates a finder. Registries are reached by https, except for loopback and the hosts that are named. Hosts of private
 * networks are asked once whether they speak TLS: where they do not, plain http is used, and `onNotice` told.
 */
export function createEndpointFinder(options: EndpointOptions): EndpointFinder {
  const named = new Set(options.plainHttp ?? []);
  const asked = new Map<string, Promise<string>>();

  async function schemeOf(host: string, signal: AbortSignal | undefined): Promise<string> {
    if (isLoopback(host) || named.has(host)) return "http";
    if (!isPrivate(host)) return "https";
    const answer = asked.get(host) ?? askScheme(host, options, signal);
    asked.set(host, answer);
    return await answer.catch((failure: unknown) => {
      asked.delete(host);
      throw failure;
    });
  }

  return async ({ registry, repository }, { signal }) => {
    const mirror = findMirror(options.mirrors ?? {}, registry);
    if (mirror !== undefined) {
      const prefix = mirror.pathname.replace(/^\/+|\/+$/g, "");
      return {
        host: mirror.host,
        origin: mirror.origin,
        repository: prefix === "" ? repository : `${prefix}/${repository}`,
      };
    }
    const host = apiHost(registry);
    return { host, origin: `${await schemeOf(host, signal)}://${host}`, repository };
  };
}

async function askScheme(
  host: string,
  { probe, onNotice }: EndpointOptions,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    await probe(`https://${host}`, { signal });
    return "https";
  } catch (cause) {
    if (!isKitsmithError(cause) || !NO_TLS.has(cause.details.reason)) throw cause;
    onNotice?.(`${host} speaks no TLS: everything that goes there, credentials too, can be read on the way`);
    return "http";
  }
}
