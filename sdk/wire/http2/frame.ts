/** What stands before the payload of a frame. */
export interface FrameHeader {
  readonly sizeBytes: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

/** How long a {@link FrameHeader} is. */
export const FRAME_HEADER_BYTES = 9;
/** Types of frames. @source https://www.rfc-editor.org/rfc/rfc9113#section-6 */
export const FRAME_TYPE = { data: 0, headers: 1, reset: 3, settings: 4, windowUpdate: 8, continuation: 9 } as const;
/** Flags of frames. */
export const FRAME_FLAG = { ack: 0x1, endStream: 0x1, endHeaders: 0x4 } as const;

/** Reads the header of a frame. */
export function readFrameHeader(bytes: Buffer, start: number): FrameHeader {
  return {
    sizeBytes: bytes.readUIntBE(start, 3),
    type: bytes.readUInt8(start + 3),
    flags: bytes.readUInt8(start + 4),
    streamId: bytes.readUInt32BE(start + 5) & 0x7fffffff,
  };
}

/** The header of a DATA frame that does not end its stream. */
export function encodeDataHeader(streamId: number, sizeBytes: number): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  header.writeUIntBE(sizeBytes, 0, 3);
  header[3] = FRAME_TYPE.data;
  header[4] = 0;
  header.writeUInt32BE(streamId, 5);
  return header;
}
