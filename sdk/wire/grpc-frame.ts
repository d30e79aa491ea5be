import { StatusError } from "./status.ts";

/** What stands before each message. */
export const FRAME_HEADER_BYTES = 5;

/** A message as gRPC frames it: a flag byte (0: not compressed), the length, the bytes. */
export function encodeFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + message.byteLength);
  writeFrameHeader(frame, message.byteLength, 0);
  frame.set(message, FRAME_HEADER_BYTES);
  return frame;
}

/** What stands before a message. */
export function encodeFrameHeader(sizeBytes: number): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  writeFrameHeader(header, sizeBytes, 0);
  return header;
}

/** Writes what stands before a message. */
export function writeFrameHeader(target: Buffer, sizeBytes: number, start: number): void {
  target[start] = 0;
  target.writeUInt32BE(sizeBytes, start + 1);
}

/**
 * Cuts a stream of bytes into messages.
 *
 * @throws StatusError `RESOURCE_EXHAUSTED` for a message above the limit, `UNIMPLEMENTED` for a compressed one,
 * `INTERNAL` for a stream that ends within a message
 */
export async function* decodeFrames(
  chunks: AsyncIterable<Uint8Array>,
  limitBytes: number,
): AsyncGenerator<Uint8Array, void> {
  let parts: Uint8Array[] = [];
  let availableBytes = 0;
  let neededBytes = FRAME_HEADER_BYTES;
  let inBody = false;
  for await (const chunk of chunks) {
    parts.push(chunk);
    availableBytes += chunk.byteLength;
    while (availableBytes >= neededBytes) {
      const buffer = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, availableBytes);
      const taken = buffer.subarray(0, neededBytes);
      parts = [buffer.subarray(neededBytes)];
      availableBytes -= neededBytes;
      if (inBody) yield taken;
      neededBytes = inBody ? FRAME_HEADER_BYTES : bodyLength(taken, limitBytes);
      inBody = !inBody;
    }
  }
  if (availableBytes > 0 || inBody) throw new StatusError("INTERNAL", "the stream ended within a message");
}

function bodyLength(header: Uint8Array, limitBytes: number): number {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint8(0) !== 0) throw new StatusError("UNIMPLEMENTED", "compressed messages are not understood");
  const lengthBytes = view.getUint32(1);
  if (lengthBytes > limitBytes) {
    throw new StatusError("RESOURCE_EXHAUSTED", `a message of ${lengthBytes} bytes exceeds the limit of ${limitBytes}`);
  }
  return lengthBytes;
}
