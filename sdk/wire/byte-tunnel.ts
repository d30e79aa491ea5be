import {
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { varintSize, writeVarint } from "./fsutil/varint.ts";
import { FLOW_WINDOW_BYTES, MESSAGE_LIMIT_BYTES } from "./limits.ts";
import { createSliceDecoder } from "./slice-decoder.ts";
import { StatusError, statusName } from "./status.ts";

/** What opens a tunnel. */
export interface TunnelRequest {
  /** The method, such as `/moby.buildkit.v1.Control/Session`. */
  readonly path: string;
  /** A list becomes one header per value. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

type AnswerHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

const FRAME_HEADER_BYTES = 5;
const DATA_TAG = 0x0a;
/** The most that goes into one message. */
const SLICE_BYTES = 1024 * 1024;
/** Above so much a writer waits. */
const SEND_BUFFER_BYTES = 1024 * 1024;

/**
 * A byte stream in the messages of a gRPC call, on a connection of its own. It frames the bytes itself, without copying
 * them: with a general client a build context takes twice as long.
 *
 * Takes over the socket. Destroying the stream ends the call and the connection.
 */
export function openByteTunnel(socket: Socket, { path, headers }: TunnelRequest): Duplex {
  const session = connect("http://localhost", {
    createConnection: () => socket,
    maxSessionMemory: 1024,
    settings: { enablePush: false, initialWindowSize: FLOW_WINDOW_BYTES },
  });
  session.once("connect", () => session.setLocalWindowSize(FLOW_WINDOW_BYTES));
  const lists = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
  );
  const stream = session.request({
    ...lists,
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc+proto",
    te: "trailers",
  });
  const tunnel = createTunnel(stream, () => {
    stream.close(constants.NGHTTP2_CANCEL);
    session.destroy();
    socket.destroy();
  });
  session.on("error", (error) => tunnel.destroy(error));
  return tunnel;
}

function createTunnel(stream: ClientHttp2Stream, close: () => void): Duplex {
  const decoder = createSliceDecoder(MESSAGE_LIMIT_BYTES);
  const tunnel = new Duplex({
    read: () => void stream.resume(),
    writableHighWaterMark: SEND_BUFFER_BYTES,
    write: (chunk: Buffer, _encoding, done) => send(stream, [chunk], done),
    writev: (chunks: { chunk: Buffer }[], done) => {
      const buffers = chunks.map(({ chunk }) => chunk);
      send(stream, buffers, done);
    },
    final: (done) => void stream.end(done),
    destroy: (error, done) => {
      close();
      done(error);
    },
  });
  stream.on("data", (chunk: Buffer) => {
    try {
      for (const slice of decoder.decode(chunk)) if (!tunnel.push(slice)) stream.pause();
    } catch (error) {
      tunnel.destroy(asError(error));
    }
  });
  const check = (headers: AnswerHeaders): void => {
    const failure = failureOf(headers);
    if (failure !== undefined) tunnel.destroy(failure);
  };
  stream.on("response", check);
  stream.on("trailers", check);
  stream.on("end", () => tunnel.push(null));
  stream.on("error", (error) => tunnel.destroy(error));
  stream.on("close", () => tunnel.destroy());
  return tunnel;
}

/** Gives the word when all of it is written: the bytes may be changed then. */
function send(stream: ClientHttp2Stream, chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
  const parts: Buffer[] = [];
  let [pending, pendingBytes]: [Buffer[], number] = [[], 0];
  const flush = (): void => {
    if (pendingBytes > 0) parts.push(sliceHeader(pendingBytes), ...pending);
    [pending, pendingBytes] = [[], 0];
  };
  for (const chunk of chunks) {
    if (pendingBytes + chunk.byteLength > SLICE_BYTES) flush();
    pending.push(chunk);
    pendingBytes += chunk.byteLength;
  }
  flush();
  const last = parts.pop();
  if (last === undefined) {
    done();
    return;
  }
  stream.cork();
  for (const part of parts) stream.write(part);
  stream.write(last, done);
  stream.uncork();
}

/** What stands before the bytes of a message that holds nothing else: gRPC's header, and that of a field with bytes. */
function sliceHeader(sizeBytes: number): Buffer {
  const fieldBytes = 1 + varintSize(sizeBytes);
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES + fieldBytes);
  header[0] = 0;
  header.writeUInt32BE(fieldBytes + sizeBytes, 1);
  header[FRAME_HEADER_BYTES] = DATA_TAG;
  writeVarint(header, sizeBytes, FRAME_HEADER_BYTES + 1);
  return header;
}

function failureOf(headers: AnswerHeaders): StatusError | undefined {
  const status = headers["grpc-status"];
  if (headers[":status"] !== undefined && headers[":status"] !== 200) {
    return new StatusError("UNAVAILABLE", `the daemon answered with HTTP status ${headers[":status"]}`);
  }
  if (typeof status !== "string" || status === "0") return undefined;
  return new StatusError(statusName(Number(status)), decodeMessage(headers["grpc-message"]));
}

function decodeMessage(message: string | string[] | undefined): string {
  const text = typeof message === "string" ? message : "the daemon ended the session";
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new StatusError("INTERNAL", "the tunnel failed", { cause: error });
}
