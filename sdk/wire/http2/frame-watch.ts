import { FRAME_HEADER_BYTES, type FrameHeader, readFrameHeader } from "./frame.ts";

/** Looks at the frames of one direction of a connection as they pass. */
export interface FrameWatch {
  /** Gives what is passed on of the next bytes. */
  pass(chunk: Buffer): readonly Buffer[];
  /** False while a frame has been passed on in part. */
  isBetweenFrames(): boolean;
}

/** How frames are watched. */
export interface FrameWatchOptions {
  /** What comes before the first frame. Default 0. */
  readonly prefaceBytes?: number;
  /** Types whose payload is wanted. */
  readonly whole: ReadonlySet<number>;
  /** Told of each frame, of wanted ones with their payload. False keeps a frame of a wanted type from going on. */
  readonly onFrame: (header: FrameHeader, payload: Buffer | undefined) => boolean;
}

/** Longer ones no peer may send unasked; whoever gets them may judge. */
const MAX_WHOLE_BYTES = 16 * 1024;

/** Creates a watch. Bytes are passed on without a copy, and at once but for frames that are wanted whole. */
export function createFrameWatch({ prefaceBytes = 0, whole, onFrame }: FrameWatchOptions): FrameWatch {
  let passingBytes = prefaceBytes;
  let held: Buffer | undefined;

  const pass = (chunk: Buffer): readonly Buffer[] => {
    const bytes = held ? Buffer.concat([held, chunk]) : chunk;
    const passed: Buffer[] = [];
    let [start, at] = [0, 0];
    while (at < bytes.byteLength) {
      if (passingBytes > 0) {
        const taken = Math.min(passingBytes, bytes.byteLength - at);
        passingBytes -= taken;
        at += taken;
        continue;
      }
      if (bytes.byteLength - at < FRAME_HEADER_BYTES) break;
      const header = readFrameHeader(bytes, at);
      const end = at + FRAME_HEADER_BYTES + header.sizeBytes;
      if (!whole.has(header.type) || header.sizeBytes > MAX_WHOLE_BYTES) {
        onFrame(header, undefined);
        passingBytes = end - at;
        continue;
      }
      if (end > bytes.byteLength) break;
      if (!onFrame(header, bytes.subarray(at + FRAME_HEADER_BYTES, end))) {
        if (at > start) passed.push(bytes.subarray(start, at));
        start = end;
      }
      at = end;
    }
    held = at < bytes.byteLength ? bytes.subarray(at) : undefined;
    if (at > start) passed.push(bytes.subarray(start, at));
    return passed;
  };
  return { pass, isBetweenFrames: () => passingBytes === 0 };
}
