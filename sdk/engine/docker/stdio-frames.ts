/** A part of what a process in a container wrote. */
export interface StdioSlice {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes apart what docker sends of a process without a terminal: frames with a header of the stream's number and a length.
 * Parts of frames are given as they come, without copies.
 *
 * @source https://github.com/moby/moby/blob/v28.5.2/api/swagger.yaml
 */
export function createStdioDecoder(): (chunk: Buffer) => readonly StdioSlice[] {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerBytes = 0;
  let leftBytes = 0;
  return (chunk) => {
    const slices: StdioSlice[] = [];
    let position = 0;
    while (position < chunk.byteLength) {
      if (leftBytes === 0) {
        const copied = chunk.copy(header, headerBytes, position);
        headerBytes += copied;
        position += copied;
        if (headerBytes < HEADER_BYTES) break;
        headerBytes = 0;
        leftBytes = header.readUInt32BE(4);
        continue;
      }
      const data = chunk.subarray(position, position + leftBytes);
      position += data.byteLength;
      leftBytes -= data.byteLength;
      slices.push({ stream: header[0] === STDERR ? "stderr" : "stdout", data });
    }
    return slices;
  };
}
