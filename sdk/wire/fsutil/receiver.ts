import { type Abortable, raceAbort } from "../../core/abort.ts";
import { ProtocolError } from "../../core/errors.ts";
import { type FileStat, isRegularMode } from "../../core/file-stat.ts";
import { peerFailure, reportFailure } from "./failure.ts";
import { decodePacket, encodePacket } from "./packet.ts";
import type { PacketStream } from "./packet-stream.ts";
import { createPathOrder } from "./path-order.ts";
import { type FileSink, openTreeWriter, type TreeWriter, type TreeWriterOptions } from "./tree-writer.ts";

/** What was received. */
export interface ReceiveSummary {
  /** Entries of any kind. */
  readonly entriesTotal: number;
  readonly filesTotal: number;
  readonly bytesReceived: number;
}

/**
 * So many files are asked for at once. The peer stops reading while 128 requests wait, and sends nothing more while we do
 * not read: asking for everything at once could stop both.
 */
const REQUESTS = 64;
/** So many complete files are put into their places while others arrive. */
const FINISHERS = 16;

/**
 * Receives a tree into a directory, over what is there: nothing is deleted but what an entry replaces, unless the directory
 * is to be pruned. Owners become the
 * caller's. Files get their content under a temporary name; directories get their times when all is written.
 *
 * @throws ProtocolError `FSUTIL_PATH_UNSAFE`, `FSUTIL_PEER_FAILED`, `WIRE_FRAME_INVALID`;
 *   ContentError `CONTENT_WRITE_FAILED`
 * @source https://github.com/tonistiigi/fsutil/blob/83cac42c1c52/receive.go
 */
export async function receiveTree(
  messages: AsyncIterable<Uint8Array>,
  send: PacketStream["send"],
  destination: string,
  { signal, ...options }: Abortable & TreeWriterOptions = {},
): Promise<ReceiveSummary> {
  const reception = createReception(await openTreeWriter(destination, options), send);
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value: message, done } = await raceAbort(iterator.next(), signal);
      if (done) return reception.summary();
      await reception.accept(message);
    }
  } catch (error) {
    await reception.discard();
    await reportFailure(send, error, signal);
    throw error;
  }
}

interface Reception {
  accept(message: Uint8Array): Promise<void>;
  /** What came, once the peer has ended its direction. */
  summary(): ReceiveSummary;
  /** Removes what is not complete. */
  discard(): Promise<void>;
}

function createReception(writer: TreeWriter, send: PacketStream["send"]): Reception {
  const order = createPathOrder();
  const waiting: (readonly [id: number, stat: FileStat])[] = [];
  const asked = new Map<number, FileStat>();
  const open = new Map<number, FileSink>();
  /** Those that failed stay, so that whoever waits next hears of it. */
  const finishing = new Set<Promise<void>>();
  const counts = { entriesTotal: 0, filesTotal: 0, bytesReceived: 0 };
  let asking = 0;
  let listed = false;
  let finished = false;

  const askForMore = async (): Promise<void> => {
    for (let next = waiting[asking]; next !== undefined && asked.size < REQUESTS; next = waiting[asking]) {
      asking += 1;
      asked.set(...next);
      await send(encodePacket({ type: "request", id: next[0] }));
    }
    if (!listed || finished || asked.size > 0) return;
    finished = true;
    await Promise.all(finishing);
    await writer.finish();
    await send(encodePacket({ type: "finish" }));
  };

  const acceptEntry = async (stat: FileStat): Promise<void> => {
    if (listed)
      throw new ProtocolError("FSUTIL_PATH_UNSAFE", `the engine sent "${stat.path}" after the end of the tree`);
    order.check(stat);
    const id = counts.entriesTotal;
    counts.entriesTotal += 1;
    if (isRegularMode(stat.mode)) counts.filesTotal += 1;
    if (isRegularMode(stat.mode) && stat.linkname === "") waiting.push([id, stat]);
    else await writer.make(stat);
  };

  const acceptData = async (id: number, data: Uint8Array): Promise<void> => {
    const stat = asked.get(id);
    if (stat === undefined)
      throw new ProtocolError("WIRE_FRAME_INVALID", `the engine sent content of unknown file ${id}`);
    const sink = open.get(id) ?? (await writer.openFile(stat));
    open.set(id, sink);
    if (data.byteLength > 0) {
      counts.bytesReceived += data.byteLength;
      await sink.write(data);
      return;
    }
    open.delete(id);
    asked.delete(id);
    const finish = sink.finish();
    finishing.add(finish);
    finish.then(
      () => finishing.delete(finish),
      () => undefined,
    );
    if (finishing.size >= FINISHERS) await Promise.race(finishing);
  };

  return {
    async accept(message) {
      const packet = decodePacket(message);
      if (packet.type === "error") throw peerFailure(`the engine failed to send the files: ${packet.message}`);
      if (packet.type === "data") await acceptData(packet.id, packet.data);
      if (packet.type === "stat" && packet.stat) await acceptEntry(packet.stat);
      else if (packet.type === "stat") listed = true;
      await askForMore();
    },
    summary() {
      if (!finished) throw peerFailure("the engine ended a transfer before it was complete");
      return counts;
    },
    async discard() {
      await Promise.allSettled(finishing);
      for (const sink of open.values()) await sink.discard();
    },
  };
}
