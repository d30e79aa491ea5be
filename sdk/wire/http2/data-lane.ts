import type { Writable } from "node:stream";
import { ProtocolError } from "../../core/errors.ts";
import { encodeDataHeader } from "./frame.ts";

/** Sends DATA frames of the streams of a connection, as the windows of both allow. */
export interface DataLane {
  /** Resolves when the bytes are on their way and may be changed; rejects when the stream or the connection is closed. */
  send(streamId: number, parts: readonly Uint8Array[]): Promise<void>;
  /** What waits on a stream, or is just being written. */
  waitingBytes(streamId: number): number;
  /** The peer has opened a stream. */
  openStream(streamId: number): void;
  /** The headers of our side are out: data may follow. */
  startStream(streamId: number): void;
  closeStream(streamId: number): void;
  /** Adds to the window of a stream, or with 0 to that of the connection. */
  widen(streamId: number, bytes: number): void;
  /** Takes over what the peer has set. */
  configure(settings: { readonly windowBytes?: number; readonly frameBytes?: number }): void;
  /** Writes what can be written; to be called after anything above. */
  pump(): void;
  close(): void;
}

type Settle = (error?: Error | null) => void;

/** Bytes, and who wants to know when they are written. */
interface Slice {
  readonly bytes: Uint8Array;
  readonly onWritten: Settle | undefined;
}

/** Bytes that are to be sent. */
interface Part extends Slice {
  sentBytes: number;
}

interface Stream {
  windowBytes: number;
  hasStarted: boolean;
  waitingBytes: number;
  readonly parts: Part[];
  /** Those whose bytes are not all written. */
  readonly sends: Set<Settle>;
}

/** HTTP/2's defaults, until the peer says otherwise. */
const WINDOW_BYTES = 65_535;
const FRAME_BYTES = 16_384;
/** So much is handed to the connection before it has written; beyond it, data waits here. Bun's streams break where it is more. */
const IN_FLIGHT_BYTES = process.versions.bun === undefined ? 512 * 1024 : FRAME_BYTES;

/** Creates a lane. `isFree` tells whether a frame may begin. */
export function createDataLane(connection: Writable, isFree: () => boolean): DataLane {
  const streams = new Map<number, Stream>();
  let [windowBytes, initialBytes, frameBytes, inFlightBytes] = [WINDOW_BYTES, WINDOW_BYTES, FRAME_BYTES, 0];
  let lastId = 0;
  let isClosed = false;

  const closeStream = (streamId: number): void => {
    const { parts, sends } = streams.get(streamId) ?? {};
    streams.delete(streamId);
    parts?.splice(0);
    // Also those that are being written: a connection that is destroyed does not always tell.
    for (const settle of sends ?? []) settle(closedError());
  };

  /** Takes the next frame of a stream; gives the size of its content, 0 if there can be none. */
  const takeFrame = (streamId: number, stream: Stream, slices: Slice[]): number => {
    const room = Math.min(frameBytes, windowBytes, stream.windowBytes);
    if (!stream.hasStarted || stream.parts.length === 0 || room <= 0 || inFlightBytes >= IN_FLIGHT_BYTES) return 0;
    const content = takeSlices(stream.parts, room);
    const sizeBytes = content.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    windowBytes -= sizeBytes;
    stream.windowBytes -= sizeBytes;
    inFlightBytes += sizeBytes;
    slices.push({ bytes: encodeDataHeader(streamId, sizeBytes), onWritten: undefined }, ...content);
    return sizeBytes;
  };

  /** Streams take turns, with a frame each. */
  const takeFrames = (slices: Slice[]): number => {
    let sizeBytes = 0;
    for (let turnBytes = -1; turnBytes !== 0; ) {
      turnBytes = 0;
      for (const [streamId, stream] of streams) turnBytes += takeFrame(streamId, stream, slices);
      sizeBytes += turnBytes;
    }
    return sizeBytes;
  };

  const pump = (): void => {
    if (!connection.writable || !isFree()) return;
    const slices: Slice[] = [];
    const sizeBytes = takeFrames(slices);
    const last = slices.pop();
    if (last === undefined) return;
    connection.cork();
    for (const { bytes, onWritten } of slices) connection.write(bytes, onWritten);
    connection.write(last.bytes, (error) => {
      inFlightBytes -= sizeBytes;
      last.onWritten?.(error);
      pump();
    });
    connection.uncork();
  };

  return {
    async send(streamId, parts) {
      const stream = streams.get(streamId);
      if (stream === undefined) throw closedError();
      const sizeBytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (sizeBytes === 0) return;
      stream.waitingBytes += sizeBytes;
      await new Promise<void>((resolve, reject) => {
        const settle: Settle = (error) => {
          if (!stream.sends.delete(settle)) return;
          stream.waitingBytes -= sizeBytes;
          if (error) reject(closedError());
          else resolve();
        };
        stream.sends.add(settle);
        const filled = parts.filter(({ byteLength }) => byteLength > 0);
        for (const [index, bytes] of filled.entries()) {
          const isLast = index === filled.length - 1;
          stream.parts.push({ bytes, sentBytes: 0, onWritten: isLast ? settle : undefined });
        }
        pump();
      });
    },
    waitingBytes: (streamId) => streams.get(streamId)?.waitingBytes ?? 0,
    openStream(streamId) {
      if (streamId <= lastId || isClosed) return;
      lastId = streamId;
      streams.set(streamId, {
        windowBytes: initialBytes,
        hasStarted: false,
        waitingBytes: 0,
        parts: [],
        sends: new Set(),
      });
    },
    startStream(streamId) {
      const stream = streams.get(streamId);
      if (stream) stream.hasStarted = true;
    },
    closeStream,
    widen(streamId, bytes) {
      const stream = streams.get(streamId);
      if (streamId === 0) windowBytes += bytes;
      else if (stream) stream.windowBytes += bytes;
    },
    configure(settings) {
      const change = (settings.windowBytes ?? initialBytes) - initialBytes;
      for (const stream of streams.values()) stream.windowBytes += change;
      initialBytes += change;
      frameBytes = settings.frameBytes ?? frameBytes;
    },
    pump,
    close() {
      isClosed = true;
      for (const streamId of [...streams.keys()]) closeStream(streamId);
    },
  };
}

/** Takes so many bytes from the first parts; a part that is used up brings its callback along. */
function takeSlices(parts: Part[], limitBytes: number): readonly Slice[] {
  const slices: Slice[] = [];
  let restBytes = limitBytes;
  for (let part = parts[0]; part !== undefined && restBytes > 0; part = parts[0]) {
    const bytes = part.bytes.subarray(part.sentBytes, part.sentBytes + restBytes);
    part.sentBytes += bytes.byteLength;
    restBytes -= bytes.byteLength;
    const isDone = part.sentBytes === part.bytes.byteLength;
    slices.push({ bytes, onWritten: isDone ? part.onWritten : undefined });
    if (isDone) parts.shift();
  }
  return slices;
}

function closedError(): ProtocolError {
  return new ProtocolError("SESSION_CLOSED", "the call was canceled by its caller");
}
