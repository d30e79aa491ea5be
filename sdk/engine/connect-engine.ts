import { type Abortable, anySignal } from "../core/abort.ts";
import { EngineError } from "../core/errors.ts";
import { parseEndpoint, type TlsOptions } from "../wire/endpoint.ts";
import { StatusError } from "../wire/status.ts";
import { type ContainerEndpoint, isContainerAddress, parseContainerAddress } from "./docker/container-address.ts";
import type { Engine } from "./engine.ts";
import type { EngineKind } from "./transport.ts";

/** How an engine is reached. */
export interface ConnectOptions extends Abortable {
  /** `docker` for dockerd's socket, `buildkit` for a daemon that speaks BuildKit's protocol itself. Default `buildkit`. */
  readonly kind?: EngineKind;
  /** For `tcp://` addresses. Default: no TLS. */
  readonly tls?: TlsOptions;
  /** For people. Default: the address. */
  readonly name?: string;
  /** How long the engine may take to answer at first. Default 10 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Connects to an engine at `unix:///path`, `tcp://host:port` or `docker-container://name` and asks what it is.
 *
 * @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD`
 * @throws InputError `INPUT_OPTION_INVALID` for an address that is none
 */
export async function connectEngine(address: string, options: ConnectOptions = {}): Promise<Engine> {
  const { kind = "buildkit", tls, name = address, signal, timeoutMs = TIMEOUT_MS } = options;
  const endpoint = isContainerAddress(address) ? await containerEndpoint(address) : parseEndpoint(address, tls);
  // gRPC and protobuf take their time to load; runs that build nothing never need them.
  const { openEngine } = await import("./open-engine.ts");
  try {
    return await openEngine({ kind, endpoint, name, signal: anySignal(signal, AbortSignal.timeout(timeoutMs)) });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof EngineError) throw error;
    throw unreachable(name, error);
  }
}

async function containerEndpoint(address: string): Promise<ContainerEndpoint> {
  const { resolveDocker } = await import("./discovery/docker-endpoint.ts");
  const { name, ...place } = parseContainerAddress(address);
  return { name, docker: await resolveDocker(process.env, place, address) };
}

function unreachable(name: string, cause: unknown): EngineError {
  const why = cause instanceof StatusError ? cause.statusMessage : "it does not answer in time";
  return new EngineError("ENGINE_UNREACHABLE", `${name} cannot be used: ${why}`, {
    cause,
    hint: "Check that the engine runs and that this user may use its socket.",
    retryable: true,
  });
}
