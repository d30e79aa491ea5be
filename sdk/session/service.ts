/** Headers of a call as they came: names in lower case, repeated names kept apart. */
export interface CallHeaders {
  /** The first value of a header. */
  get(name: string): string | undefined;
  /** Every value of a header, in order. A value may hold commas. */
  getAll(name: string): readonly string[];
}

/** One call that the daemon makes into the session. Messages are encoded protobuf. */
export interface SessionCall {
  readonly headers: CallHeaders;
  /** The daemon's messages, until it half-closes. */
  readonly messages: AsyncIterable<Uint8Array>;
  /**
   * In place of the messages, where each of them holds a field of bytes and nothing else: those bytes as they come, without
   * a copy that puts messages together.
   */
  readonly content: AsyncIterable<Uint8Array>;
  /** Sends one message; resolves when there is room for more. */
  send(message: Uint8Array): Promise<void>;
  /**
   * Sends messages that are framed already (a zero byte, the length in four bytes, the message), one behind the other.
   * Resolves when all is on its way: the bytes must not be changed before.
   */
  sendFrames(frames: Uint8Array): Promise<void>;
  /** Fires when the daemon cancels the call or the session ends. */
  readonly signal: AbortSignal;
}

/**
 * Serves one method. Returning ends the call with OK; a thrown StatusError (sdk/wire/status.ts) with its status,
 * anything else with UNKNOWN and a redacted message.
 */
export type SessionHandler = (call: SessionCall) => Promise<void>;

/** A service of the session: its methods by full name, such as `/moby.filesync.v1.FileSync/DiffCopy`. */
export interface SessionService {
  readonly methods: Readonly<Record<string, SessionHandler>>;
}
