import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openTree } from "../../../../sdk/context/virtual-tree.ts";
import { createTreeListing } from "../../../../sdk/session/filesync/tree-listing.ts";
import type { FileContent, TreeFile } from "../../../../sdk/wire/fsutil/content-sender.ts";
import { decodePacket, encodePacket, type Packet } from "../../../../sdk/wire/fsutil/packet.ts";
import { sendTree, type TreeSource } from "../../../../sdk/wire/fsutil/sender.ts";
import { makeTree } from "../../context/tree-fixture.ts";
import { createPipe } from "./packet-pipe.ts";

const HUGE_BYTES = 8 * 2 ** 30;

/** As many messages as the pipe holds, and those that are just read and sent. */
const ON_THE_WAY_BYTES = (4 + 3) * 128 * 1024;

async function start(entries: Readonly<Record<string, string>>, signal?: AbortSignal) {
  return await startIn(makeTree(entries), signal);
}

async function startIn(directory: string, signal?: AbortSignal, onRead: (bytes: number) => void = () => {}) {
  const tree = await openTree({ layers: [{ directory, prefix: "" }] });
  const [end, peer] = createPipe(4);
  const sending = sendTree(end, countedReads(createTreeListing(tree, {}), onRead), { signal });
  const settled = sending.then(
    () => "done",
    (error: unknown) => error,
  );
  return { peer, settled, sending };
}

function countedReads(source: TreeSource, onRead: (bytes: number) => void): TreeSource {
  const open = async (file: TreeFile): Promise<FileContent> => {
    const content = await file.open();
    return {
      read: async (...place) => {
        const read = await content.read(...place);
        onRead(read);
        return read;
      },
      close: () => content.close(),
    };
  };
  return {
    batches: () => source.batches(),
    file: (id) => {
      const file = source.file(id);
      return file && { ...file, open: () => open(file) };
    },
  };
}

/** Reads up to the first packet that is the one looked for. */
async function readUntil(messages: AsyncIterable<Uint8Array>, isLast: (packet: Packet) => boolean) {
  const iterator = messages[Symbol.asyncIterator]();
  const packets: Packet[] = [];
  for (;;) {
    const { value, done } = await iterator.next();
    if (done) return packets;
    packets.push(decodePacket(value));
    if (packets.slice(-1).some(isLast)) return packets;
  }
}

const isListEnd = (packet: Packet) => packet.type === "stat" && packet.stat === undefined;
const isFileEnd = (packet: Packet) => packet.type === "data" && packet.data.byteLength === 0;

describe("sending", () => {
  it("lists the tree, sends what is asked for, and finishes", async () => {
    const { peer, sending } = await start({ "a/x": "xx", b: "" });
    const listed = await readUntil(peer.messages, isListEnd);
    expect(listed.map((packet) => packet.type === "stat" && packet.stat?.path)).toEqual(["a", "a/x", "b", undefined]);
    await peer.send(encodePacket({ type: "request", id: 1 }));
    const data = await readUntil(peer.messages, isFileEnd);
    expect(data).toEqual([
      { type: "data", id: 1, data: new Uint8Array(Buffer.from("xx")) },
      { type: "data", id: 1, data: new Uint8Array(0) },
    ]);
    await peer.send(encodePacket({ type: "finish" }));
    expect(await readUntil(peer.messages, ({ type }) => type === "finish")).toEqual([{ type: "finish" }]);
    await expect(sending).resolves.toEqual({
      ...{ filesTotal: 2, bytesTotal: 2, filesSent: 1, bytesSent: 2 },
      largestFiles: [{ path: "a/x", sizeBytes: 2 }],
    });
  });

  it.each([0, 7])("refuses a request for %i, which is no file", async (id) => {
    const { peer, settled } = await start({ "a/x": "xx" });
    await readUntil(peer.messages, isListEnd);
    await peer.send(encodePacket({ type: "request", id }));
    expect(await settled).toMatchObject({ code: "WIRE_FRAME_INVALID" });
  });

  it("refuses a second request for the same file", async () => {
    const { peer, settled } = await start({ x: "xx" });
    await readUntil(peer.messages, isListEnd);
    await peer.send(encodePacket({ type: "request", id: 0 }));
    await peer.send(encodePacket({ type: "request", id: 0 }));
    expect(await settled).toMatchObject({ code: "WIRE_FRAME_INVALID" });
  });

  it("fails with the peer's error, or when it just ends", async () => {
    const refused = await start({ x: "" });
    await refused.peer.send(encodePacket({ type: "error", message: "disk full" }));
    expect(await refused.settled).toMatchObject({ code: "FSUTIL_PEER_FAILED" });
    const ended = await start({ x: "" });
    ended.peer.end();
    expect(await ended.settled).toMatchObject({ code: "FSUTIL_PEER_FAILED" });
  });

  it("tells the peer of a name that is not UTF-8, and which it is", async () => {
    const root = makeTree({ good: "" });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), "");
    const { peer, settled } = await startIn(root);
    expect(await settled).toMatchObject({ code: "INPUT_SOURCE_UNREADABLE" });
    const told = await readUntil(peer.messages, ({ type }) => type === "error");
    expect(told.at(-1)).toMatchObject({ type: "error", message: expect.stringContaining("bad-") });
  });

  it("sends a huge file as fast as it is taken, and stops in the middle", async () => {
    const root = makeTree({ huge: "" });
    truncateSync(join(root, "huge"), HUGE_BYTES);
    const controller = new AbortController();
    let readBytes = 0;
    const { peer, settled } = await startIn(root, controller.signal, (bytes) => {
      readBytes += bytes;
    });
    await readUntil(peer.messages, isListEnd);
    await peer.send(encodePacket({ type: "request", id: 0 }));
    let takenBytes = 0;
    for (let packets = 0; packets < 50; packets += 1) {
      const [packet] = await readUntil(peer.messages, ({ type }) => type === "data");
      if (packet?.type === "data") takenBytes += packet.data.byteLength;
      expect(readBytes - takenBytes).toBeLessThanOrEqual(ON_THE_WAY_BYTES);
    }
    expect(takenBytes).toBeGreaterThan(0);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await settled).toBe(reason);
  });

  it("stops with the reason of the signal, and tells the peer nothing", async () => {
    const controller = new AbortController();
    const { settled } = await start({ x: "" }, controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await settled).toBe(reason);
  });
});
