import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Abortable, raceAbort } from "../core/abort.ts";
import { ProtocolError } from "../core/errors.ts";
import { Control } from "../proto/gen/control_pb.js";
import type { SessionHeaders } from "../session/session.ts";
import { openByteTunnel } from "../wire/byte-tunnel.ts";
import { dialEndpoint, type Endpoint } from "../wire/endpoint.ts";
import { createGrpcClient, type GrpcClient } from "../wire/grpc-client.ts";
import { upgradeSocket } from "../wire/upgrade.ts";
import type { ContainerEndpoint } from "./docker/container-address.ts";
import { dialContainer, enterContainer } from "./docker/container-dial.ts";
import { traceHeaders } from "./trace-context.ts";

/** What kind of daemon listens: it decides how HTTP/2 is reached. */
export type EngineKind = "buildkit" | "docker";

/** How connections to one daemon are made. */
export interface Transport {
  /** A client with a connection of its own; nothing is dialled before its first call. */
  createClient(): GrpcClient;
  /** A connection on which the daemon calls us. */
  openSession(headers: SessionHeaders, options?: Abortable): Promise<Duplex>;
}

/** Connections through a process in the container. */
export function createContainerTransport(container: ContainerEndpoint): Transport {
  return {
    createClient: () =>
      createGrpcClient({
        endpoint: container.docker,
        handshake: (socket) => enterContainer(container, socket),
        offerHttp2: false,
        headers: traceHeaders(process.env),
      }),
    openSession: async (headers, options) => openSessionTunnel(await dialContainer(container, options), headers),
  };
}

/** Creates the transport for a daemon. */
export function createTransport(kind: EngineKind, endpoint: Endpoint): Transport {
  return kind === "docker" ? dockerTransport(endpoint) : buildkitTransport(endpoint);
}

function buildkitTransport(endpoint: Endpoint): Transport {
  return {
    createClient: () => createGrpcClient({ endpoint, headers: traceHeaders(process.env) }),
    openSession: async (headers, options) => await tunnelSession(endpoint, headers, options),
  };
}

/** dockerd hands over connections by HTTP/1.1 upgrade; newer ones also speak gRPC on the socket itself. */
function dockerTransport(endpoint: Endpoint): Transport {
  let native = false;
  const handshake = async (socket: Socket): Promise<Socket> => {
    if (!native) {
      try {
        return await upgradeSocket(socket, { path: "/grpc" });
      } catch (error) {
        if (!isRouteMissing(error)) throw error;
        native = true;
      }
    }
    socket.destroy();
    return await dialEndpoint(endpoint, { protocols: ["h2"] });
  };
  return {
    createClient: () =>
      createGrpcClient({ endpoint, handshake, offerHttp2: false, headers: traceHeaders(process.env) }),
    async openSession(headers, { signal } = {}) {
      if (native) return await tunnelSession(endpoint, headers, { signal });
      const socket = await dialEndpoint(endpoint, { signal });
      return await raceAbort(upgradeSocket(socket, { path: "/session", headers }), signal);
    },
  };
}

function isRouteMissing(error: unknown): boolean {
  if (!(error instanceof ProtocolError) || error.code !== "WIRE_UPGRADE_REFUSED") return false;
  return error.details.httpStatus === 400 || error.details.httpStatus === 404;
}

/** The session as slices of bytes in the messages of a call. */
async function tunnelSession(endpoint: Endpoint, headers: SessionHeaders, { signal }: Abortable = {}): Promise<Duplex> {
  return openSessionTunnel(await dialEndpoint(endpoint, { protocols: ["h2"], signal }), headers);
}

function openSessionTunnel(socket: Socket, headers: SessionHeaders): Duplex {
  return openByteTunnel(socket, { path: `/${Control.typeName}/${Control.method.session.name}`, headers });
}
