import type { Abortable } from "../../core/abort.ts";
import { PlanError, ProtocolError } from "../../core/errors.ts";
import { type FileStat, isRegularMode } from "../../core/file-stat.ts";
import { peerFailure, reportFailure } from "./failure.ts";
import { DATA_HEADER_BYTES, decodePacket, encodePacket, frameData } from "./packet.ts";
import type { PacketStream } from "./packet-stream.ts";

/** The tree that is sent. */
export interface TreeSource<Entry extends { readonly stat: FileStat }> {
  /** The entries, in the order of the protocol: depth first, siblings by the bytes of their names. */
  entries(): AsyncIterable<Entry>;
  /** Opens the content of a regular file of the tree. */
  open(entry: Entry): FileContent | Promise<FileContent>;
}

/** The content of an open file; a FileHandle is one. */
export interface FileContent {
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): { readonly bytesRead: number } | Promise<{ readonly bytesRead: number }>;
  close(): void | Promise<void>;
}

/** What a transfer amounted to. */
export interface SendSummary {
  /** Regular files of the tree. */
  readonly filesTotal: number;
  /** Those whose content the peer asked for. */
  readonly filesSent: number;
  readonly bytesSent: number;
}

const CHUNK_BYTES = 128 * 1024;
/** So many files are read at once. */
const READERS = 4;

/**
 * Sends a tree to a peer that asks for the content of what it does not have. Requests are served while the tree is still
 * being walked, or both sides could wait for each other. A failure is told to the peer before it is thrown: a file that
 * vanished or changed its size never arrives as an empty or torn one.
 *
 * @throws ProtocolError `FSUTIL_PEER_FAILED`, `WIRE_FRAME_INVALID`; PlanError `PLAN_TREE_CHANGED`; what the source throws
 * @source https://github.com/tonistiigi/fsutil/blob/83cac42c1c52/send.go
 */
export async function sendTree<Entry extends { readonly stat: FileStat }>(
  stream: PacketStream,
  source: TreeSource<Entry>,
  { signal }: Abortable = {},
): Promise<SendSummary> {
  signal?.throwIfAborted();
  const transfer = createTransfer(stream, source);
  const onAbort = () => transfer.fail(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await transfer.finished;
  } catch (error) {
    await reportFailure((message) => stream.send(message), error, signal);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

interface Transfer {
  /** Settles with the first failure of the walk, a read or the peer, or when the peer has all it wants. */
  readonly finished: Promise<SendSummary>;
  fail(reason: unknown): void;
}

function createTransfer<Entry extends { readonly stat: FileStat }>(
  stream: PacketStream,
  source: TreeSource<Entry>,
): Transfer {
  const files = new Map<number, Entry>();
  const requested: (readonly [id: number, entry: Entry])[] = [];
  const summary = { filesTotal: 0, filesSent: 0, bytesSent: 0 };
  let taken = 0;
  let readers = 0;
  let over = false;
  let settle: { resolve: (summary: SendSummary) => void; reject: (reason: unknown) => void } | undefined;

  const fail = (reason: unknown): void => {
    over = true;
    settle?.reject(reason);
  };

  const sendEntries = async (): Promise<void> => {
    let id = 0;
    for await (const entry of source.entries()) {
      if (over) return;
      if (isRegularMode(entry.stat.mode) && entry.stat.linkname === "") {
        files.set(id, entry);
        summary.filesTotal += 1;
      }
      id += 1;
      await stream.send(encodePacket({ type: "stat", stat: entry.stat }));
    }
    await stream.send(encodePacket({ type: "stat", stat: undefined }));
  };

  const readRequested = async (): Promise<void> => {
    readers += 1;
    for (let next = requested[taken]; next !== undefined && !over; next = requested[taken]) {
      taken += 1;
      const [id, entry] = next;
      summary.filesSent += 1;
      const sentBytes = await sendContent(stream, id, entry, source, () => over);
      summary.bytesSent += sentBytes;
    }
    readers -= 1;
  };

  const queue = (id: number): void => {
    const entry = files.get(id);
    if (entry === undefined) throw new ProtocolError("WIRE_FRAME_INVALID", `the engine asked for unknown file ${id}`);
    files.delete(id);
    requested.push([id, entry]);
    if (readers < READERS) readRequested().catch(fail);
  };

  const serveRequests = async (): Promise<SendSummary> => {
    for await (const message of stream.messages) {
      const packet = decodePacket(message);
      if (packet.type === "request") queue(packet.id);
      else if (packet.type === "error") throw peerFailure(`the engine refused the files: ${packet.message}`);
      else if (packet.type === "finish") {
        over = true;
        await stream.send(encodePacket({ type: "finish" }));
        return summary;
      }
    }
    throw peerFailure("the engine ended a transfer before it was complete");
  };

  const finished = new Promise<SendSummary>((resolve, reject) => {
    settle = { resolve, reject };
    sendEntries().catch(fail);
    serveRequests().then(resolve, fail);
  });
  return { finished, fail };
}

async function sendContent<Entry extends { readonly stat: FileStat }>(
  stream: PacketStream,
  id: number,
  entry: Entry,
  source: TreeSource<Entry>,
  isOver: () => boolean,
): Promise<number> {
  const { path, sizeBytes } = entry.stat;
  const opened = source.open(entry);
  const handle = "then" in opened ? await opened : opened;
  let sentBytes = 0;
  try {
    while (!isOver()) {
      // One byte more than is expected, so that the same read notices a file that has grown.
      const room = Math.min(CHUNK_BYTES, sizeBytes - sentBytes + 1);
      const buffer = Buffer.allocUnsafeSlow(DATA_HEADER_BYTES + room);
      const read = handle.read(buffer, DATA_HEADER_BYTES, room, sentBytes);
      const { bytesRead } = "then" in read ? await read : read;
      if (bytesRead === 0) break;
      sentBytes += bytesRead;
      if (sentBytes > sizeBytes) throw sizeChanged(path);
      await stream.send(frameData(buffer, id, bytesRead));
      if (bytesRead < room && sentBytes === sizeBytes) break;
    }
  } finally {
    await handle.close();
  }
  if (isOver()) return sentBytes;
  if (sentBytes !== sizeBytes) throw sizeChanged(path);
  await stream.send(encodePacket({ type: "data", id, data: new Uint8Array(0) }));
  return sentBytes;
}

function sizeChanged(path: string): PlanError {
  return new PlanError("PLAN_TREE_CHANGED", `${path} changed its size while it was sent to the engine`, {
    hint: "Leave the files alone while they are built.",
  });
}
