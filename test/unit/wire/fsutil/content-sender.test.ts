import { describe, expect, test } from "vitest";
import { createContentSender, type FileContent } from "../../../../sdk/wire/fsutil/content-sender.ts";
import { decodePacket } from "../../../../sdk/wire/fsutil/packet.ts";
import type { PacketStream } from "../../../../sdk/wire/fsutil/packet-stream.ts";
import { decodeFrames } from "../../../../sdk/wire/grpc-frame.ts";

/** A stream that keeps the packets of each time that something was sent. */
function recorder() {
  const sent: { readonly id: number; readonly text: string }[][] = [];
  const stream: PacketStream = {
    messages: (async function* () {})(),
    send: async () => {},
    async sendFrames(frames) {
      const bytes = Buffer.from(frames);
      const packets: (typeof sent)[number] = [];
      for await (const message of decodeFrames(
        (async function* () {
          yield bytes;
        })(),
        bytes.byteLength,
      )) {
        const packet = decodePacket(message);
        if (packet.type === "data") packets.push({ id: packet.id, text: Buffer.from(packet.data).toString() });
      }
      sent.push(packets);
      frames.fill(0);
    },
  };
  return { stream, sent };
}

/** A file that is read in pieces of so many bytes, straight away or later. */
function fileOf(text: string, { pieceBytes = Infinity, isQuick = true, sizeBytes = text.length } = {}) {
  const closed: boolean[] = [];
  const read: FileContent["read"] = (buffer, offset, length, position) => {
    const bytes = Buffer.from(text)
      .subarray(position, position + Math.min(length, pieceBytes))
      .copy(buffer, offset);
    return isQuick ? bytes : Promise.resolve(bytes);
  };
  const content = { read, close: () => void closed.push(true) };
  return { path: "file", sizeBytes, open: () => (isQuick ? content : Promise.resolve(content)), closed };
}

describe("content of files", () => {
  test("of small ones goes out together, each with its end", async () => {
    const { stream, sent } = recorder();
    const sender = createContentSender(stream, () => false);
    for (const [id, text] of ["one", "", "three"].entries()) await sender.add(id, fileOf(text));
    expect(sent).toEqual([]);
    expect(await sender.flush()).toBe(true);
    expect(await sender.flush()).toBe(false);
    const end = (id: number) => ({ id, text: "" });
    expect(sent).toEqual([[{ id: 0, text: "one" }, end(0), end(1), { id: 2, text: "three" }, end(2)]]);
  });

  test.each([true, false])("of large ones goes out in chunks, however it is read (quick: %s)", async (isQuick) => {
    const { stream, sent } = recorder();
    const sender = createContentSender(stream, () => false);
    const text = "0123456789abcdef".repeat(20_000);
    expect(await sender.add(7, fileOf(text, { isQuick, pieceBytes: 50_001 }))).toBe(text.length);
    await sender.flush();
    const packets = sent.flat();
    expect(packets.map((packet) => packet.text).join("") === text).toBe(true);
    expect(packets.map((packet) => packet.text.length)).toEqual([131_072, 131_072, 57_856, 0]);
    expect(sent.length).toBeGreaterThan(1);
  });

  test("is left where the transfer is over", async () => {
    const { stream, sent } = recorder();
    const sender = createContentSender(stream, () => true);
    const file = fileOf("x".repeat(1_000_000));
    expect(await sender.add(0, file)).toBe(131_072);
    expect(file.closed).toEqual([true]);
    expect(sent).toEqual([]);
  });

  test.each([2, 4, 200_000])("that is not of %i bytes, as was told, is refused", async (sizeBytes) => {
    const { stream } = recorder();
    const file = fileOf("one", { sizeBytes });
    await expect(createContentSender(stream, () => false).add(0, file)).rejects.toMatchObject({
      code: "PLAN_TREE_CHANGED",
    });
    expect(file.closed).toEqual([true]);
  });
});
