import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Duplex } from "node:stream";
import { ProtocolError } from "../core/errors.ts";
import { decodeFrames, encodeFrame, encodeFrameHeader } from "./grpc-frame.ts";
import { bypassContent, type ContentBypass } from "./http2/content-bypass.ts";
import { FLOW_WINDOW_BYTES, MESSAGE_LIMIT_BYTES, STREAMS_LIMIT } from "./limits.ts";
import { readSlices } from "./slice-reader.ts";
import { StatusError, statusNumber } from "./status.ts";

/** Headers of a call: names in lower case, repeated ones kept apart. */
export interface ServerCallHeaders {
  get(name: string): string | undefined;
  getAll(name: string): readonly string[];
}

/** A call that the peer makes. */
export interface ServerCall {
  readonly headers: ServerCallHeaders;
  readonly messages: AsyncIterable<Uint8Array>;
  /** In place of the messages, where each of them holds a field of bytes and nothing else: those bytes as they come. */
  readonly content: AsyncIterable<Uint8Array>;
  /** Resolves when there is room for more. */
  send(message: Uint8Array): Promise<void>;
  /** Sends messages that are framed already, one behind the other. Resolves when the bytes may be changed again. */
  sendFrames(frames: Uint8Array): Promise<void>;
  /** Fires when the peer cancels the call or the connection ends. */
  readonly signal: AbortSignal;
}

/** Serves one method: returning ends the call with OK, throwing with the status of a StatusError, else UNKNOWN. */
export type ServerHandler = (call: ServerCall) => Promise<void>;

/** A running server on one connection. */
export interface GrpcServer {
  /** Settles when the connection is over, whoever ended it; never rejects. */
  readonly closed: Promise<void>;
  /** Cancels what runs and ends the connection. */
  close(): Promise<void>;
}

type Lane = ContentBypass["lane"];

/** A list of patterns travels as one header each. */
const HEADER_PAIRS_LIMIT = 1_000_000;
/** Above so much a sender waits. */
const SEND_BUFFER_BYTES = 1024 * 1024;
/** Up to so much is copied behind its header. */
const COPIED_BYTES = 4096;

/**
 * Serves gRPC on a connection that the peer has opened or that was turned around: the peer speaks HTTP/2 as its client.
 * Own framing on node:http2, because values of repeated headers (patterns with commas) must stay apart.
 */
export function serveGrpc(connection: Duplex, methods: Readonly<Record<string, ServerHandler>>): GrpcServer {
  const { control, lane } = bypassContent(connection);
  const session = performServerHandshake(control, {
    maxHeaderListPairs: HEADER_PAIRS_LIMIT,
    maxSessionMemory: 1024,
    settings: {
      initialWindowSize: FLOW_WINDOW_BYTES,
      maxHeaderListSize: MESSAGE_LIMIT_BYTES,
      maxConcurrentStreams: STREAMS_LIMIT,
    },
  });
  const running = new Set<Promise<void>>();
  session.setLocalWindowSize(FLOW_WINDOW_BYTES);
  session.on("error", () => session.destroy());
  session.on(
    "stream",
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
      const path = headers[":path"] ?? "";
      const task = serveCall(stream, lane, readHeaders(rawHeaders), methods[path] ?? (() => unimplemented(path)));
      running.add(task);
      void task.finally(() => running.delete(task));
    },
  );
  const closed = whenClosed(session, connection).then(async () => void (await Promise.allSettled(running)));
  return {
    closed,
    async close() {
      session.destroy();
      connection.destroy();
      await closed;
    },
  };
}

async function whenClosed(session: ServerHttp2Session, connection: Duplex): Promise<void> {
  const over = new Promise<void>((resolve) => {
    session.once("close", resolve);
    connection.once("close", resolve);
    connection.once("error", () => resolve());
  });
  await over;
  session.destroy();
  connection.destroy();
}

async function serveCall(
  stream: ServerHttp2Stream,
  lane: Lane,
  headers: ServerCallHeaders,
  handler: ServerHandler,
): Promise<void> {
  const canceled = new AbortController();
  const { id = 0 } = stream;
  const end = (): void => {
    lane.closeStream(id);
    canceled.abort(new ProtocolError("SESSION_CLOSED", "the call was canceled by its caller"));
  };
  stream.on("error", end);
  stream.on("close", end);
  let sending: Promise<void> = Promise.resolve();
  const send = (parts: readonly Uint8Array[]): Promise<void> => {
    canceled.signal.throwIfAborted();
    sending = lane.send(id, parts);
    return sending;
  };
  const call: ServerCall = {
    headers,
    messages: decodeFrames(stream.iterator({ destroyOnReturn: false }), MESSAGE_LIMIT_BYTES),
    content: readSlices(stream, MESSAGE_LIMIT_BYTES),
    send: async (message) => {
      const sent = send(framed(message));
      if (lane.waitingBytes(id) > SEND_BUFFER_BYTES) await sent;
      // That it failed is told by the signal, and to whoever sends next.
      else sent.catch(() => undefined);
    },
    sendFrames: async (frames) => await send([frames]),
    signal: canceled.signal,
  };
  let failure: unknown;
  try {
    stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
    await handler(call);
  } catch (error) {
    failure = error ?? new StatusError("UNKNOWN", "the call failed");
  }
  // Trailers overtake what is still waiting.
  await sending.catch(() => undefined);
  finish(stream, failure);
}

function framed(message: Uint8Array): readonly Uint8Array[] {
  return message.byteLength <= COPIED_BYTES ? [encodeFrame(message)] : [encodeFrameHeader(message.byteLength), message];
}

function finish(stream: ServerHttp2Stream, failure: unknown): void {
  if (stream.destroyed || stream.closed) return;
  stream.once("wantTrailers", () => stream.sendTrailers(trailersOf(failure)));
  stream.end();
  stream.resume();
}

function trailersOf(failure: unknown): Record<string, string> {
  if (failure === undefined) return { "grpc-status": "0" };
  // What a handler threw may hold paths or secrets; only a StatusError is meant for the peer.
  const status = failure instanceof StatusError ? failure : new StatusError("UNKNOWN", "the client failed");
  return {
    "grpc-status": String(statusNumber(status.status)),
    "grpc-message": encodeStatusMessage(status.statusMessage),
  };
}

/**
 * Percent-encodes what is not printable ASCII.
 *
 * @source https://github.com/grpc/grpc/blob/v1.76.0/doc/PROTOCOL-HTTP2.md
 */
function encodeStatusMessage(message: string): string {
  return message.replace(/[^ -$&-~]+/gu, (text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

async function unimplemented(path: string): Promise<void> {
  throw new StatusError("UNIMPLEMENTED", `there is no method ${path}`);
}

function readHeaders(raw: readonly string[]): ServerCallHeaders {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    const known = values.get(name);
    if (known === undefined) values.set(name, [raw[index + 1] ?? ""]);
    else known.push(raw[index + 1] ?? "");
  }
  return {
    get: (name) => values.get(name.toLowerCase())?.[0],
    getAll: (name) => values.get(name.toLowerCase()) ?? [],
  };
}
