import type { Abortable } from "../../core/abort.ts";
import { ProtocolError } from "../../core/errors.ts";
import { type ContentSender, createContentSender, type TreeFile } from "./content-sender.ts";
import { peerFailure, reportFailure } from "./failure.ts";
import { createLargestFiles, type SentFile } from "./largest-files.ts";
import { decodePacket, encodePacket } from "./packet.ts";
import type { PacketStream } from "./packet-stream.ts";
import { createRequestQueue } from "./request-queue.ts";

/** The tree that is sent. */
export interface TreeSource {
  /**
   * The entries in the order of the protocol: depth first, siblings by the bytes of their names. The first one has number 0,
   * those of the next batch go on where it ended.
   */
  batches(): AsyncIterable<EntryBatch>;
  /** The regular file with a number that a batch held; undefined if the entry has no content of its own. */
  file(id: number): TreeFile | undefined;
}

/** Entries that follow each other. */
export interface EntryBatch {
  /** A packet for each of them, framed. */
  readonly frames: Uint8Array;
  readonly entries: number;
  /** How many of these are files with content of their own, and how large they are together. */
  readonly files: number;
  readonly fileBytes: number;
}

/** What a transfer amounted to. */
export interface SendSummary {
  /** Regular files of the tree. */
  readonly filesTotal: number;
  /** How large they are. */
  readonly bytesTotal: number;
  /** Those whose content the peer asked for. */
  readonly filesSent: number;
  readonly bytesSent: number;
  /** The ten largest of these, the largest first. */
  readonly largestFiles: readonly SentFile[];
}

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
export async function sendTree(
  stream: PacketStream,
  source: TreeSource,
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

function createTransfer(stream: PacketStream, source: TreeSource): Transfer {
  const largest = createLargestFiles();
  const requested = createRequestQueue();
  const summary = { filesTotal: 0, bytesTotal: 0, filesSent: 0, bytesSent: 0 };
  let listed = 0;
  let readers = 0;
  /** Of readers that have ended; each has a buffer. */
  const idle: ContentSender[] = [];
  let over = false;
  let settle: { resolve: (summary: SendSummary) => void; reject: (reason: unknown) => void } | undefined;

  const fail = (reason: unknown): void => {
    over = true;
    settle?.reject(reason);
  };

  const sendEntries = async (): Promise<void> => {
    for await (const { frames, entries, files, fileBytes } of source.batches()) {
      if (over) return;
      listed += entries;
      summary.filesTotal += files;
      summary.bytesTotal += fileBytes;
      await stream.sendFrames(frames);
    }
    await stream.send(encodePacket({ type: "stat", stat: undefined }));
  };

  const readRequested = async (): Promise<void> => {
    readers += 1;
    const sender = idle.pop() ?? createContentSender(stream, () => over);
    do {
      for (let id = requested.take(); id !== undefined && !over; id = requested.take()) {
        const file = source.file(id);
        if (file === undefined) throw unknownFile(id);
        summary.filesSent += 1;
        largest.add(file);
        const sentBytes = await sender.add(id, file);
        summary.bytesSent += sentBytes;
      }
      // Others may have been asked for meanwhile.
    } while (!over && (await sender.flush()));
    idle.push(sender);
    readers -= 1;
  };

  const queue = (id: number): void => {
    if (id >= listed || !requested.add(id)) throw unknownFile(id);
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
        return { ...summary, largestFiles: largest.list() };
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

function unknownFile(id: number): ProtocolError {
  return new ProtocolError("WIRE_FRAME_INVALID", `the engine asked for unknown file ${id}`);
}
