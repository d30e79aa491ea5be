import { StatusError } from "./status.ts";

const FRAME_HEADER_BYTES = 5;
const DATA_TAG = 0x0a;
const MAX_FIELD_HEADER_BYTES = 6;

/** Takes content out of messages, piece by piece. */
export interface SliceDecoder {
  /**
   * The parts of what arrived that are content.
   *
   * @throws StatusError `UNIMPLEMENTED` for a compressed message, `RESOURCE_EXHAUSTED` for one above the limit, `INTERNAL`
   * for one with other fields
   */
  decode(chunk: Buffer): readonly Buffer[];
  /** False while a message is not whole. */
  isBetweenMessages(): boolean;
}

/**
 * Takes the bytes out of gRPC messages with a single field of bytes, as they come: whoever wants a stream need not wait for
 * whole messages.
 */
export function createSliceDecoder(limitBytes: number): SliceDecoder {
  let head = Buffer.alloc(0);
  let contentBytes = 0;
  const decode = (chunk: Buffer): readonly Buffer[] => {
    const slices: Buffer[] = [];
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (contentBytes > 0) {
        const slice = rest.subarray(0, contentBytes);
        slices.push(slice);
        contentBytes -= slice.byteLength;
        rest = rest.subarray(slice.byteLength);
        continue;
      }
      const known = head.byteLength;
      head = Buffer.concat([head, rest.subarray(0, FRAME_HEADER_BYTES + MAX_FIELD_HEADER_BYTES - known)]);
      const header = readHeader(head, limitBytes);
      if (header === undefined) return slices;
      rest = rest.subarray(header.sizeBytes - known);
      head = Buffer.alloc(0);
      contentBytes = header.contentBytes;
    }
    return slices;
  };
  return { decode, isBetweenMessages: () => contentBytes === 0 && head.byteLength === 0 };
}

/** Undefined while it is not whole. */
function readHeader(
  head: Buffer,
  limitBytes: number,
): { readonly sizeBytes: number; readonly contentBytes: number } | undefined {
  if (head.byteLength < FRAME_HEADER_BYTES) return undefined;
  if (head[0] !== 0) throw new StatusError("UNIMPLEMENTED", "compressed messages are not understood");
  const messageBytes = head.readUInt32BE(1);
  if (messageBytes > limitBytes) throw new StatusError("RESOURCE_EXHAUSTED", "a message exceeds the limit");
  if (messageBytes === 0) return { sizeBytes: FRAME_HEADER_BYTES, contentBytes: 0 };
  if (head.byteLength === FRAME_HEADER_BYTES) return undefined;
  if (head[FRAME_HEADER_BYTES] !== DATA_TAG) throw new StatusError("INTERNAL", "a message is no slice of bytes");
  let contentBytes = 0;
  for (let index = FRAME_HEADER_BYTES + 1, factor = 1; ; index += 1, factor *= 128) {
    const byte = head[index];
    if (byte === undefined) return undefined;
    contentBytes += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      const sizeBytes = index + 1;
      if (sizeBytes + contentBytes === FRAME_HEADER_BYTES + messageBytes) return { sizeBytes, contentBytes };
      throw new StatusError("INTERNAL", "a message is no slice of bytes");
    }
    if (index >= FRAME_HEADER_BYTES + MAX_FIELD_HEADER_BYTES - 1) {
      throw new StatusError("INTERNAL", "a message is no slice of bytes");
    }
  }
}
