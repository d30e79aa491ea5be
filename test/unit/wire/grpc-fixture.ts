import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Endpoint } from "../../../sdk/wire/endpoint.ts";
import { type ServerHandler, serveGrpc } from "../../../sdk/wire/grpc-server.ts";

/** A server on a unix socket. */
export interface TestServer extends AsyncDisposable {
  readonly endpoint: Endpoint;
  /** Connections so far. */
  readonly sockets: readonly Socket[];
}

/** Listens on a unix socket of its own and hands each connection over. */
export async function listen(onConnection: (socket: Socket) => void): Promise<TestServer> {
  const directory = await mkdtemp("/tmp/kitsmith-wire-");
  const path = join(directory, "socket");
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    endpoint: { kind: "unix", path },
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Serves gRPC methods on each connection. */
export async function listenGrpc(methods: Readonly<Record<string, ServerHandler>>): Promise<TestServer> {
  return await listen((socket) => void serveGrpc(socket, methods));
}
