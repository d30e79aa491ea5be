import { connect as connectSocket, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type Abortable, raceAbort } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";

/** Certificates for a TLS connection; PEM. */
export interface TlsOptions {
  readonly ca?: string | Uint8Array;
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** Name that the server's certificate must have. Default: the host that is dialled. */
  readonly serverName?: string;
  /** False accepts any certificate. Default true. */
  readonly verify?: boolean;
}

/** Where a daemon listens. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsOptions };

/**
 * Reads `unix:///path` or `tcp://host:port`.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function parseEndpoint(address: string, tls?: TlsOptions): Endpoint {
  const path = /^unix:\/\/(\/.+)$/.exec(address)?.[1];
  if (path !== undefined) return { kind: "unix", path };
  const [, bracketed, plain, port] = /^tcp:\/\/(?:\[([^\]]+)\]|([^:/\s]+)):(\d{1,5})\/?$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) throw invalidAddress(address);
  return { kind: "tcp", host, port: Number(port), ...(tls === undefined ? {} : { tls }) };
}

/** The endpoint in the form that grpc-js dials. */
export function formatTarget(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix:${endpoint.path}`;
  return `dns:${endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}

/** Opens a connection to the endpoint, TLS included; rejects with the socket's own error. */
export async function dialEndpoint(
  endpoint: Endpoint,
  options: Abortable & { readonly protocols?: readonly string[] } = {},
): Promise<Socket> {
  options.signal?.throwIfAborted();
  const socket = connectSocket(
    endpoint.kind === "unix" ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port },
  );
  socket.setNoDelay(true);
  try {
    await raceAbort(once(socket, "connect"), options.signal);
    return await raceAbort(secureSocket(socket, endpoint, options.protocols), options.signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Speaks TLS over the connected socket where the endpoint asks for it; otherwise gives the socket back. */
export async function secureSocket(
  socket: Socket,
  endpoint: Endpoint,
  protocols: readonly string[] = [],
): Promise<Socket> {
  if (endpoint.kind === "unix" || endpoint.tls === undefined) return socket;
  const { ca, cert, key, serverName, verify = true } = endpoint.tls;
  const secure: TLSSocket = connectTls({
    socket,
    host: endpoint.host,
    ...(serverName === undefined && isIP(endpoint.host) !== 0 ? {} : { servername: serverName ?? endpoint.host }),
    rejectUnauthorized: verify,
    ALPNProtocols: [...protocols],
    ...(ca === undefined ? {} : { ca: Buffer.from(ca) }),
    ...(cert === undefined ? {} : { cert: Buffer.from(cert) }),
    ...(key === undefined ? {} : { key: Buffer.from(key) }),
  });
  await once(secure, "secureConnect");
  return secure;
}

async function once(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once(event, () => {
      socket.removeListener("error", reject);
      resolve();
    });
    socket.once("error", reject);
  });
}

function invalidAddress(address: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", `"${address}" is no address of an engine`, {
    hint: "Write unix:///path/to/socket or tcp://host:port.",
  });
}
