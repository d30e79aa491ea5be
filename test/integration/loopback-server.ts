import { createConnection, createServer, type Socket } from "node:net";

const SLOW_BYTES_PER_SECOND = 100_000;

/** A server on the loopback address. */
export interface LoopbackServer extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Resolves once clients have sent so much. */
  received(sizeBytes: number): Promise<void>;
}

/** Takes all that is sent and never says anything. */
export async function startMuteServer(): Promise<LoopbackServer> {
  return await startServer((socket, note) => socket.on("data", (chunk) => note(chunk.byteLength)));
}

/** Passes on what clients send, in their direction slowly. */
export async function startSlowProxy(target: string): Promise<LoopbackServer> {
  return await startServer((socket, note) => {
    const upstream = connectTo(target, socket);
    socket.on("data", (chunk) => {
      note(chunk.byteLength);
      upstream.write(chunk);
      socket.pause();
      setTimeout(() => socket.resume(), (chunk.byteLength / SLOW_BYTES_PER_SECOND) * 1000);
    });
  });
}

/** Passes on what clients send, and breaks every connection that has sent too much. */
export async function startBreakingProxy(target: string, limitBytes: number): Promise<LoopbackServer> {
  return await startServer((socket, note) => {
    const upstream = connectTo(target, socket);
    let sentBytes = 0;
    socket.on("data", (chunk) => {
      note(chunk.byteLength);
      sentBytes += chunk.byteLength;
      if (sentBytes > limitBytes) socket.destroy();
      else upstream.write(chunk);
    });
  });
}

function connectTo(target: string, socket: Socket): Socket {
  const [host = "", port = ""] = target.split(":");
  const upstream = createConnection({ host, port: Number(port) });
  upstream.on("error", () => socket.destroy());
  upstream.pipe(socket);
  socket.on("close", () => upstream.destroy());
  socket.on("end", () => upstream.end());
  return upstream;
}

async function startServer(
  serve: (socket: Socket, note: (sizeBytes: number) => void) => void,
): Promise<LoopbackServer> {
  let total = 0;
  let waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const note = (sizeBytes: number) => {
    total += sizeBytes;
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    serve(socket, note);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    host: `127.0.0.1:${address.port}`,
    received: async (sizeBytes) => {
      while (total < sizeBytes) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
