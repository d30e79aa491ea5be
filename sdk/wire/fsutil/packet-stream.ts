/** Both directions of a directory transfer, as a gRPC call gives them. */
export interface PacketStream {
  /** The peer's packets, encoded, until it ends its direction. */
  readonly messages: AsyncIterable<Uint8Array>;
  /** Sends one encoded packet; resolves when there is room for more. The bytes must not be changed afterwards. */
  send(message: Uint8Array): Promise<void>;
  /** Sends packets that are framed as messages already, one behind the other; resolves when the bytes may be changed. */
  sendFrames(frames: Uint8Array): Promise<void>;
}
