import { type Endpoint, parseEndpoint } from "../../wire/endpoint.ts";
import { contextCandidate, dockerCandidate, hostCandidate } from "./candidates.ts";
import type { Environment } from "./docker-context.ts";

const DEFAULT_SOCKET = "unix:///var/run/docker.sock";

/**
 * Where the docker CLI would find its daemon: DOCKER_HOST, DOCKER_CONTEXT, the context in use, the usual socket.
 *
 * @throws EngineError ENGINE_NOT_FOUND for a context that does not exist.
 * @throws InputError INPUT_OPTION_INVALID for an address with another scheme than unix and tcp.
 */
export async function dockerEndpoint(env: Environment): Promise<Endpoint> {
  const found = await dockerCandidate(env);
  return "absent" in found ? parseEndpoint(DEFAULT_SOCKET) : parseEndpoint(found.address, found.tls);
}

/**
 * The daemon of a context or at a host's address; with neither, the one that the docker CLI would use.
 *
 * @throws EngineError ENGINE_NOT_FOUND for a context that does not exist.
 * @throws InputError INPUT_OPTION_INVALID for an address with another scheme than unix and tcp.
 */
export async function resolveDocker(
  env: Environment,
  { context, host }: { readonly context?: string; readonly host?: string },
  origin: string,
): Promise<Endpoint> {
  if (context === undefined && host === undefined) return await dockerEndpoint(env);
  const { address, tls } =
    context === undefined ? await hostCandidate(env, host ?? "", origin) : await contextCandidate(env, context, origin);
  return parseEndpoint(address, tls);
}
