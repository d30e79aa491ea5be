import { DOCKER_HUB, type Reference } from "../model/reference.ts";

/** Where a registry's API is, and whether it is spoken to in plain http. */
export interface Endpoint {
  /** The name under which its credentials are kept. */
  readonly host: string;
  readonly origin: string;
}

const HUB_API = "registry-1.docker.io";
const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\]|[^:]+\.localhost)(:\d+)?$/;

/** True if a host is this machine, so that plain http is safe. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** The endpoint of a reference's registry: https, except for loopback and for hosts that are named as insecure. */
export function endpointOf({ registry }: Pick<Reference, "registry">, insecure: ReadonlySet<string>): Endpoint {
  const host = registry === DOCKER_HUB ? HUB_API : registry;
  const isPlain = isLoopback(host) || insecure.has(registry);
  return { host, origin: `${isPlain ? "http" : "https"}://${host}` };
}
