import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream";

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
  return {
    host: `127.0.0.1:${portOf(server)}`,
    received: async (sizeBytes) => {
      while (total < sizeBytes) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What becomes of a request: it is passed on, answered, or its connection breaks when so many bytes of it have come. */
export type RequestFate =
  | "pass"
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly breakAfterBytes: number }
  | { readonly heldUntil: Promise<void> };

/** A registry of which some requests go wrong. */
export interface FaultyRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** What was asked, in order: `PUT /v2/…`. */
  readonly requests: readonly string[];
}

/** Passes requests on to a registry, but those that are to have another fate. */
export async function startFaultyRegistry(
  target: string,
  fateOf: (line: string, incoming: IncomingMessage) => RequestFate,
): Promise<FaultyRegistry> {
  const requests: string[] = [];
  const server = createHttpServer((incoming, response) => {
    const line = `${incoming.method} ${incoming.url}`;
    requests.push(line);
    void meetFate(fateOf(line, incoming), target, incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${portOf(server)}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function meetFate(
  fate: RequestFate,
  target: string,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (fate !== "pass" && "status" in fate) {
    // The connection is kept, so what comes has to be read.
    incoming.resume();
    response.writeHead(fate.status, fate.headers).end();
    return;
  }
  if (fate !== "pass" && "heldUntil" in fate) await fate.heldUntil;
  const [hostname = "", port = ""] = target.split(":");
  const { method, url: path, headers } = incoming;
  const onward = request({ hostname, port: Number(port), method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    pipeline(answer, response, () => {});
  });
  if (fate !== "pass" && "breakAfterBytes" in fate) breakAfter(fate.breakAfterBytes, incoming);
  pipeline(incoming, onward, (error) => error && incoming.socket.destroy());
}

function breakAfter(limitBytes: number, incoming: IncomingMessage): void {
  let sizeBytes = 0;
  incoming.on("data", (chunk: Uint8Array) => {
    sizeBytes += chunk.byteLength;
    if (sizeBytes >= limitBytes) incoming.socket.resetAndDestroy();
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
