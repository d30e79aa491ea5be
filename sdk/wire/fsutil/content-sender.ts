import { PlanError } from "../../core/errors.ts";
import { dataHeaderSize, writeDataHeader } from "./packet.ts";
import type { PacketStream } from "./packet-stream.ts";

/** A file that the peer may ask for. */
export interface TreeFile {
  readonly path: string;
  readonly sizeBytes: number;
  open(): FileContent | Promise<FileContent>;
}

/** The content of an open file. */
export interface FileContent {
  /** Gives how many bytes it read; fewer than were asked for only where that is quicker, none at the end. */
  read(buffer: Buffer, offset: number, length: number, position: number): number | Promise<number>;
  close(): void | Promise<void>;
}

/** Sends the content of files, one after the other; small ones go out together. */
export interface ContentSender {
  /** Gives the bytes that were added: all, or fewer when the transfer is over before. */
  add(id: number, file: TreeFile): Promise<number>;
  /** Sends what was added and waits; false if there was nothing. */
  flush(): Promise<boolean>;
}

const CHUNK_BYTES = 128 * 1024;
/** For the headers of a chunk, and what marks the end of a file. */
const SPARE_BYTES = 256;

/** Creates a sender. All goes through one buffer of its own: those of their own for each chunk keep the garbage collector busy. */
export function createContentSender(stream: PacketStream, isOver: () => boolean): ContentSender {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES + SPARE_BYTES);
  let end = 0;

  const flush = async (): Promise<boolean> => {
    if (end === 0) return false;
    const frames = buffer.subarray(0, end);
    end = 0;
    await stream.sendFrames(frames);
    return true;
  };

  /** Adds the next packet of a file, and its end if it is the last one. */
  const addChunk = async (id: number, { path, sizeBytes }: TreeFile, content: FileContent, position: number) => {
    const chunkBytes = Math.min(CHUNK_BYTES, sizeBytes - position);
    const isLast = position + chunkBytes === sizeBytes;
    const headerBytes = chunkBytes === 0 ? 0 : dataHeaderSize(id, chunkBytes);
    const endBytes = dataHeaderSize(id, 0);
    if (end + headerBytes + chunkBytes + endBytes > buffer.byteLength) await flush();
    // One byte more than is expected, so that the same read notices a file that has grown.
    const wantedBytes = isLast ? chunkBytes + 1 : chunkBytes;
    const place = buffer.subarray(end + headerBytes, end + headerBytes + wantedBytes);
    if ((await readInto(place, content, position, chunkBytes)) !== chunkBytes) throw sizeChanged(path);
    if (chunkBytes > 0) end = writeDataHeader(buffer, id, chunkBytes, end) + chunkBytes;
    if (isLast) end = writeDataHeader(buffer, id, 0, end);
    return chunkBytes;
  };

  return {
    flush,
    async add(id, file) {
      const opened = file.open();
      const content = "then" in opened ? await opened : opened;
      let sentBytes = 0;
      try {
        do sentBytes += await addChunk(id, file, content, sentBytes);
        while (sentBytes < file.sizeBytes && !isOver());
      } finally {
        await content.close();
      }
      return sentBytes;
    },
  };
}

/** Reads as many bytes as are expected, or what else is there; gives their number. */
async function readInto(place: Buffer, content: FileContent, position: number, expectedBytes: number): Promise<number> {
  let bytes = 0;
  do {
    const read = content.read(place, bytes, place.byteLength - bytes, position + bytes);
    const bytesRead = typeof read === "number" ? read : await read;
    if (bytesRead === 0) break;
    bytes += bytesRead;
  } while (bytes < expectedBytes);
  return bytes;
}

function sizeChanged(path: string): PlanError {
  return new PlanError("PLAN_TREE_CHANGED", `${path} changed its size while it was sent to the engine`, {
    hint: "Leave the files alone while they are built.",
  });
}
