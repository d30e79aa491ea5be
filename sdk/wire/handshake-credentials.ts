import type { Socket } from "node:net";
import { CallCredentials, ChannelCredentials, type experimental } from "@grpc/grpc-js";

/** Makes of the socket that grpc-js has dialled the one that HTTP/2 is spoken on. */
export type Handshake = (socket: Socket) => Promise<Socket>;

/**
 * Channel credentials that let us put a handshake of our own (TLS, an HTTP/1.1 upgrade) between connecting and HTTP/2.
 *
 * grpc-js has no public option for this. The methods with an underscore are what its own credentials implement,
 * and this is the only module that knows them; its test says so when a new grpc-js no longer calls them.
 */
export class HandshakeCredentials extends ChannelCredentials {
  readonly #handshake: Handshake;
  readonly #secure: boolean;

  constructor(handshake: Handshake, secure: boolean) {
    super();
    this.#handshake = handshake;
    this.#secure = secure;
  }

  override _isSecure(): boolean {
    return this.#secure;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(): experimental.SecureConnector {
    const secure = this.#secure;
    const callCredentials = CallCredentials.createEmpty();
    return {
      connect: async (socket) => ({ socket: await this.#handshake(socket), secure }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials,
      destroy() {},
    };
  }
}
