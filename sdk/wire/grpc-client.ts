import type { Socket } from "node:net";
import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { Client } from "@grpc/grpc-js";
import { ProtocolError } from "../core/errors.ts";
import { type Endpoint, formatTarget, secureSocket } from "./endpoint.ts";
import { type BidiCall, type CallOptions, callBidi, callServerStream, callUnary, probe } from "./grpc-call.ts";
import { HandshakeCredentials } from "./handshake-credentials.ts";
import { FLOW_WINDOW_BYTES, MESSAGE_LIMIT_BYTES } from "./limits.ts";

/** One HTTP/2 connection for gRPC calls; it is dialled with the first call, and again after it broke. */
export interface GrpcClient {
  /** Dials already, for calls that are about to come; whether that works they will tell. */
  connect(): void;
  /**
   * @throws StatusError
   * @throws ProtocolError `SESSION_CLOSED` after {@link GrpcClient.close}, as all calls do
   */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;
  /** The call starts with the first step of the iteration, which throws StatusError; leaving the loop cancels it. */
  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): AsyncIterable<MessageShape<O>>;
  bidi<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    options?: CallOptions,
  ): BidiCall<I, O>;
  /** Settles with any sign of life of the server; rejects if there is none within the time. */
  probe(timeoutMs: number): Promise<void>;
  /** Closes the connection; calls that are open end with an error. */
  close(): void;
}

/** How a client reaches its server. */
export interface GrpcClientOptions {
  readonly endpoint: Endpoint;
  /** Runs on the connected (and, if asked for, TLS) socket before HTTP/2 is spoken. Default: nothing. */
  readonly handshake?: (socket: Socket) => Promise<Socket>;
  /** Offer HTTP/2 by ALPN. Default true; false where the handshake starts with HTTP/1.1. */
  readonly offerHttp2?: boolean;
  /** Sent with each call, under the call's own. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
}

const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": MESSAGE_LIMIT_BYTES,
  "grpc.max_send_message_length": MESSAGE_LIMIT_BYTES,
  "grpc-node.flow_control_window": FLOW_WINDOW_BYTES,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_retries": 0,
  "grpc.enable_http_proxy": 0,
  "grpc.enable_channelz": 0,
  "grpc.service_config_disable_resolution": 1,
};

/** Creates a client; nothing is dialled yet. */
export function createGrpcClient(options: GrpcClientOptions): GrpcClient {
  const { endpoint, handshake, offerHttp2 = true, headers } = options;
  const sockets = new Set<Socket>();
  let closed = false;
  const keep = (socket: Socket): void => {
    if (closed) socket.destroy();
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  const prepare = async (dialled: Socket): Promise<Socket> => {
    keep(dialled);
    const secured = await secureSocket(dialled, endpoint, offerHttp2 ? ["h2"] : []);
    const socket = handshake === undefined ? secured : await handshake(secured);
    if (socket !== dialled) keep(socket);
    return socket;
  };
  const secure = endpoint.kind === "tcp" && endpoint.tls !== undefined;
  const client = new Client(formatTarget(endpoint), new HandshakeCredentials(prepare, secure), CHANNEL_OPTIONS);
  const usable = (): Client => {
    if (closed) throw new ProtocolError("SESSION_CLOSED", "the connection was closed by its owner");
    return client;
  };
  const withHeaders = (callOptions: CallOptions = {}): CallOptions =>
    headers === undefined ? callOptions : { ...callOptions, headers: { ...headers, ...callOptions.headers } };
  return {
    connect: () => void usable().getChannel().getConnectivityState(true),
    unary: async (method, request, callOptions) => await callUnary(usable(), method, request, withHeaders(callOptions)),
    serverStream: (method, request, callOptions) =>
      callServerStream(usable(), method, request, withHeaders(callOptions)),
    bidi: (method, callOptions) => callBidi(usable(), method, withHeaders(callOptions)),
    probe: async (timeoutMs) => await probe(usable(), timeoutMs),
    close() {
      closed = true;
      client.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
