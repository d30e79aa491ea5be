import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { ProtocolError } from "../core/errors.ts";

/** What is asked of a server that speaks HTTP/1.1, so that it hands over the connection. */
export interface UpgradeRequest {
  readonly path: string;
  /** A list becomes one header line per value. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** What is spoken then, as the server calls it. Default `h2c`. */
  readonly protocol?: string;
  /** Default: none. */
  readonly body?: string;
}

/**
 * Turns a connected socket into a raw one: `POST` with `Upgrade`, then whatever both sides like.
 * On failure the socket is destroyed.
 *
 * @throws ProtocolError `WIRE_UPGRADE_REFUSED`, with the answer's `httpStatus` in its details
 */
export async function upgradeSocket(socket: Socket, upgrade: UpgradeRequest): Promise<Socket> {
  const protocol = upgrade.protocol ?? "h2c";
  const headers: Record<string, string | string[]> = { Host: "localhost", Connection: "Upgrade", Upgrade: protocol };
  for (const [name, value] of Object.entries(upgrade.headers ?? {})) {
    headers[name] = typeof value === "string" ? value : [...value];
  }
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const sent = request({ method: "POST", path: upgrade.path, headers, createConnection: () => socket });
      sent.once("upgrade", (_response, _stream, head) => {
        // The peer may speak first: what it sent with its answer belongs to the stream.
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.once("response", (response) => void refusal(response, upgrade.path).then(reject, reject));
      sent.once("error", reject);
      sent.end(upgrade.body);
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function refusal(response: IncomingMessage, path: string): Promise<ProtocolError> {
  const body = await text(response);
  return new ProtocolError("WIRE_UPGRADE_REFUSED", `the daemon answered ${response.statusCode} to ${path}`, {
    details: { httpStatus: response.statusCode, body: body.slice(0, 1000) },
  });
}
