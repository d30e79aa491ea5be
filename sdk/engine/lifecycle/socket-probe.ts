import { request } from "node:http";
import { connect } from "node:net";

/** True if something accepts connections on the unix socket. */
export async function acceptsConnections(path: string): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** True if a docker daemon answers on the unix socket. */
export async function answersDockerPing(path: string): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const ping = request({ socketPath: path, path: "/_ping", timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once("timeout", () => ping.destroy());
    ping.once("error", () => resolve(false));
    ping.end();
  });
}
