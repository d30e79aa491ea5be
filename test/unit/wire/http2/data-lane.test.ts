import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createDataLane } from "../../../../sdk/wire/http2/data-lane.ts";
import { FRAME_HEADER_BYTES, readFrameHeader } from "../../../../sdk/wire/http2/frame.ts";

/** A lane on a connection that takes everything, unless it is held. */
function openLane({ isHeld = false, isFree = (): boolean => true } = {}) {
  const chunks: Buffer[] = [];
  const waiting: (() => void)[] = [];
  const take = (taken: readonly Buffer[], done: () => void): void => {
    chunks.push(...taken.map((chunk) => Buffer.from(chunk)));
    if (isHeld) waiting.push(done);
    else done();
  };
  const connection = new Writable({
    write: (chunk: Buffer, _encoding, done) => take([chunk], done),
    writev: (written: { chunk: Buffer }[], done) =>
      take(
        written.map(({ chunk }) => chunk),
        done,
      ),
  });
  const lane = createDataLane(connection, isFree);
  const frames = () => {
    const bytes = Buffer.concat(chunks);
    const found: { readonly streamId: number; readonly content: string }[] = [];
    for (let at = 0; at < bytes.byteLength; ) {
      const { streamId, sizeBytes, flags } = readFrameHeader(bytes, at);
      expect(flags).toBe(0);
      at += FRAME_HEADER_BYTES;
      found.push({ streamId, content: bytes.toString("latin1", at, at + sizeBytes) });
      at += sizeBytes;
    }
    return found;
  };
  const release = (): void => {
    for (const done of waiting.splice(0)) done();
  };
  return { lane, connection, frames, release };
}

function start({ lane }: Pick<ReturnType<typeof openLane>, "lane">, ...streamIds: readonly number[]): void {
  for (const streamId of streamIds) {
    lane.openStream(streamId);
    lane.startStream(streamId);
  }
}

const bytes = (sizeBytes: number, of = "x") => Buffer.alloc(sizeBytes, of);

describe("data", () => {
  test("is cut into frames, whatever its parts are", async () => {
    const opened = openLane();
    start(opened, 1);
    await opened.lane.send(1, [bytes(5, "a"), bytes(0), bytes(20_000, "b")]);
    await opened.lane.send(1, [bytes(0)]);
    expect(opened.lane.waitingBytes(1)).toBe(0);
    const frames = opened.frames();
    expect(frames.map(({ content }) => content.length)).toEqual([16_384, 3621]);
    expect(frames.map(({ content }) => content).join("")).toBe(`${"a".repeat(5)}${"b".repeat(20_000)}`);
  });

  test("waits for the headers of its stream", async () => {
    const opened = openLane();
    opened.lane.openStream(1);
    const sent = opened.lane.send(1, [bytes(3)]);
    expect(opened.frames()).toEqual([]);
    expect(opened.lane.waitingBytes(1)).toBe(3);
    opened.lane.startStream(1);
    opened.lane.pump();
    await sent;
    expect(opened.frames()).toEqual([{ streamId: 1, content: "xxx" }]);
  });

  test("waits while a frame of others is being written", async () => {
    let isFree = false;
    const opened = openLane({ isFree: () => isFree });
    start(opened, 1);
    const sent = opened.lane.send(1, [bytes(3)]);
    expect(opened.frames()).toEqual([]);
    isFree = true;
    opened.lane.pump();
    await sent;
    expect(opened.frames()).toHaveLength(1);
  });

  test("keeps to the window of its stream", async () => {
    const opened = openLane();
    opened.lane.configure({ windowBytes: 10 });
    start(opened, 1, 3);
    const sent = opened.lane.send(1, [bytes(25, "a")]);
    await opened.lane.send(3, [bytes(10, "b")]);
    opened.lane.widen(1, 5);
    opened.lane.pump();
    opened.lane.configure({ windowBytes: 14, frameBytes: 3 });
    opened.lane.pump();
    const sizes = () => opened.frames().map(({ streamId, content }) => [streamId, content.length]);
    const before = [
      [1, 10],
      [3, 10],
      [1, 5],
      [1, 3],
      [1, 1],
    ]; // prettier
    expect(sizes()).toEqual(before);
    opened.lane.configure({ windowBytes: 0 });
    opened.lane.widen(1, 16);
    opened.lane.pump();
    expect(sizes()).toEqual([...before, [1, 2]]);
    opened.lane.widen(1, 100);
    opened.lane.pump();
    await sent;
    expect(sizes()).toEqual([...before, [1, 2], [1, 3], [1, 1]]);
  });

  test("of all streams keeps to the window of the connection, in turns", async () => {
    const opened = openLane();
    opened.lane.configure({ windowBytes: 1_000_000 });
    start(opened, 1, 3);
    const first = opened.lane.send(1, [bytes(100_000, "a")]);
    const second = opened.lane.send(3, [bytes(100_000, "b")]);
    const sentBytes = () => opened.frames().reduce((sum, { content }) => sum + content.length, 0);
    expect(sentBytes()).toBe(65_535);
    opened.lane.widen(0, 65_536);
    opened.lane.pump();
    expect(sentBytes()).toBe(131_071);
    expect(
      new Set(
        opened
          .frames()
          .slice(-4)
          .map(({ streamId }) => streamId),
      ),
    ).toEqual(new Set([1, 3]));
    opened.lane.widen(0, 1_000_000);
    opened.lane.pump();
    await Promise.all([first, second]);
    expect(sentBytes()).toBe(200_000);
  });

  test("waits for a connection that is slow", async () => {
    const opened = openLane({ isHeld: true });
    opened.lane.configure({ windowBytes: 2 ** 30 });
    opened.lane.widen(0, 2 ** 30);
    start(opened, 1);
    let isSent = false;
    const sent = opened.lane.send(1, [bytes(4_000_000)]).then(() => {
      isSent = true;
    });
    await setImmediate();
    expect(opened.connection.writableLength).toBeLessThan(600_000);
    while (!isSent) {
      opened.release();
      await setImmediate();
    }
    await sent;
    expect(opened.frames().reduce((sum, { content }) => sum + content.length, 0)).toBe(4_000_000);
  });

  test.each<[string, (opened: ReturnType<typeof openLane>) => void]>([
    ["stream", ({ lane }) => lane.closeStream(1)],
    ["connection", ({ lane }) => lane.close()],
  ])("that waits when its %s is closed is refused, as is what comes later", async (_title, close) => {
    const opened = openLane();
    opened.lane.openStream(1);
    const sent = opened.lane.send(1, [bytes(5), bytes(3)]);
    close(opened);
    await expect(sent).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect(opened.lane.send(1, [bytes(3)])).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    // A number is used once.
    opened.lane.openStream(1);
    await expect(opened.lane.send(1, [bytes(3)])).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });

  test("that is being written when the connection breaks is refused", async () => {
    const opened = openLane({ isHeld: true });
    start(opened, 1);
    const sent = Promise.all([opened.lane.send(1, [bytes(3)]), opened.lane.send(1, [bytes(3)])]);
    opened.connection.destroy();
    opened.lane.close();
    await expect(sent).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });
});
