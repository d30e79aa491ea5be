import { EngineError } from "../../core/errors.ts";
import { parseEndpoint } from "../../wire/endpoint.ts";
import { dockerCandidate } from "./candidates.ts";
import type { Environment } from "./docker-context.ts";

/** Where a docker daemon's HTTP API is, as `node:http` takes it. */
export type DockerApiAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number };

const DEFAULT_SOCKET = "unix:///var/run/docker.sock";

/**
 * Where the docker CLI would find its daemon: DOCKER_HOST, DOCKER_CONTEXT, the context in use, the usual socket.
 *
 * @throws EngineError ENGINE_NOT_FOUND for a context that does not exist, ENGINE_FEATURE_MISSING for one with TLS.
 * @throws InputError INPUT_OPTION_INVALID for an address with another scheme than unix and tcp.
 */
export async function dockerEndpoint(env: Environment): Promise<DockerApiAddress> {
  const found = await dockerCandidate(env);
  const endpoint = "absent" in found ? parseEndpoint(DEFAULT_SOCKET) : parseEndpoint(found.address, found.tls);
  if (endpoint.kind === "unix") return { socketPath: endpoint.path };
  if (endpoint.tls === undefined) return { host: endpoint.host, port: endpoint.port };
  throw new EngineError("ENGINE_FEATURE_MISSING", "images are loaded into docker by unix socket or plain tcp only", {
    hint: "Push to a registry and pull from there, or name another daemon with DOCKER_HOST.",
  });
}
