import { Duplex } from "node:stream";
import { createDataLane, type DataLane } from "./data-lane.ts";
import { FRAME_FLAG, FRAME_TYPE, type FrameHeader } from "./frame.ts";
import { createFrameWatch, type FrameWatch } from "./frame-watch.ts";

/** A connection on which node:http2 speaks, while the content that we send goes past it. */
export interface ContentBypass {
  /** For node:http2, which must send no content itself. */
  readonly control: Duplex;
  /** The way for content. */
  readonly lane: Pick<DataLane, "send" | "waitingBytes" | "closeStream">;
}

/** What a client sends first. */
const PREFACE_BYTES = 24;
const SETTING_BYTES = 6;
const SETTING = { initialWindow: 4, maxFrame: 5 } as const;

/**
 * Lets content past node:http2 on a connection whose peer is the client. node:http2 copies all that it sends on a connection
 * that is no socket, in pieces of 16 KiB which then wait for the garbage collector: half of what sending costs. It still
 * speaks the protocol: headers, settings, pings, resets, and all that the peer sends. Since it sends no content, its windows
 * stay as they were, and the peer's updates of windows are for us alone.
 */
export function bypassContent(connection: Duplex): ContentBypass {
  const outgoing = watchOutgoing(
    (streamId) => lane.startStream(streamId),
    (streamId) => lane.closeStream(streamId),
  );
  const lane = createDataLane(connection, () => outgoing.isBetweenFrames());
  const incoming = watchIncoming(lane);
  const control = new Duplex({
    read: () => void connection.resume(),
    write: (chunk: Buffer, _encoding, done) => forward([chunk], done),
    writev: (chunks: { chunk: Buffer }[], done) =>
      forward(
        chunks.map(({ chunk }) => chunk),
        done,
      ),
    final: (done) => void connection.end(done),
    destroy: (error, done) => {
      lane.close();
      connection.destroy();
      done(error);
    },
  });
  const forward = (chunks: readonly Buffer[], done: (error?: Error | null) => void): void => {
    const passed = chunks.flatMap((chunk) => outgoing.pass(chunk));
    const last = passed.pop();
    connection.cork();
    for (const chunk of passed) connection.write(chunk);
    if (last) connection.write(last, done);
    lane.pump();
    connection.uncork();
    if (!last) done();
  };
  connection.on("data", (chunk: Buffer) => {
    for (const passed of incoming.pass(chunk)) if (!control.push(passed)) connection.pause();
    lane.pump();
  });
  connection.on("end", () => control.push(null));
  // A peer that has ended does not read either; what is still being written to it may never be done.
  control.on("end", () => control.destroy());
  connection.on("error", (error) => control.destroy(error));
  connection.on("close", () => control.destroy());
  return { control, lane };
}

function watchIncoming(lane: DataLane): FrameWatch {
  const read = ({ type, flags, streamId }: FrameHeader, payload: Buffer | undefined): boolean => {
    if (type === FRAME_TYPE.headers) lane.openStream(streamId);
    else if (type === FRAME_TYPE.reset) lane.closeStream(streamId);
    else if (type === FRAME_TYPE.settings && payload && !(flags & FRAME_FLAG.ack))
      lane.configure(readSettings(payload));
    else if (type === FRAME_TYPE.windowUpdate && payload?.byteLength === 4) {
      const bytes = payload.readUInt32BE(0) & 0x7fffffff;
      lane.widen(streamId, bytes);
      // Nothing at all is an error, which node:http2 may answer.
      return bytes === 0;
    }
    return true;
  };
  const whole = new Set<number>([FRAME_TYPE.settings, FRAME_TYPE.windowUpdate, FRAME_TYPE.reset]);
  return createFrameWatch({ prefaceBytes: PREFACE_BYTES, whole, onFrame: read });
}

/** Nothing may come between the parts of a header, or after the end of a stream. */
function watchOutgoing(onHeaders: (streamId: number) => void, onEnd: (streamId: number) => void): FrameWatch {
  let isInHeaders = false;
  const watch = createFrameWatch({
    whole: new Set(),
    onFrame: ({ type, flags, streamId }) => {
      const isHeaders = type === FRAME_TYPE.headers;
      if (isHeaders || type === FRAME_TYPE.continuation) {
        isInHeaders = (flags & FRAME_FLAG.endHeaders) === 0;
        if (!isInHeaders) onHeaders(streamId);
      }
      const isEnd = (isHeaders || type === FRAME_TYPE.data) && (flags & FRAME_FLAG.endStream) !== 0;
      if (isEnd || type === FRAME_TYPE.reset) onEnd(streamId);
      return true;
    },
  });
  return { pass: watch.pass, isBetweenFrames: () => !isInHeaders && watch.isBetweenFrames() };
}

function readSettings(payload: Buffer): { readonly windowBytes?: number; readonly frameBytes?: number } {
  const settings = new Map<number, number>();
  for (let at = 0; at + SETTING_BYTES <= payload.byteLength; at += SETTING_BYTES) {
    settings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  }
  const [windowBytes, frameBytes] = [settings.get(SETTING.initialWindow), settings.get(SETTING.maxFrame)];
  return { ...(windowBytes === undefined ? {} : { windowBytes }), ...(frameBytes === undefined ? {} : { frameBytes }) };
}
