import { once } from "node:events";
import { type ClientHttp2Session, connect, performServerHandshake, type ServerHttp2Stream } from "node:http2";
import { type Duplex, duplexPair } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { bypassContent, type ContentBypass } from "../../../../sdk/wire/http2/content-bypass.ts";

/** Both sides of a connection: node:http2 as a client, and as a server whose content goes past it. */
function open(
  onStream: (stream: ServerHttp2Stream, lane: ContentBypass["lane"], id: number) => Promise<void>,
  settings: { readonly initialWindowSize?: number; readonly maxFrameSize?: number } = {},
): { readonly session: ClientHttp2Session; readonly connection: Duplex } {
  const [left, right] = duplexPair();
  const { control, lane } = bypassContent(left);
  const server = performServerHandshake(control);
  server.on("error", () => undefined);
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    void onStream(stream, lane, stream.id ?? 0);
  });
  const session = connect("http://localhost", { createConnection: () => right, settings });
  session.on("error", () => undefined);
  return { session, connection: left };
}

/** What a call is answered with, headers and trailers around it. */
async function answer(stream: ServerHttp2Stream, lane: ContentBypass["lane"], parts: readonly Uint8Array[]) {
  stream.respond({ ":status": 200 }, { waitForTrailers: true });
  for (const part of parts) await lane.send(stream.id ?? 0, [part]);
  stream.once("wantTrailers", () => stream.sendTrailers({ "x-over": "yes" }));
  stream.end();
}

const content = (streamId: number) => Buffer.alloc(700_000 + streamId, `content of ${streamId},`);

describe("content past node:http2", () => {
  test.each([{}, { initialWindowSize: 1000 }, { initialWindowSize: 4_000_000, maxFrameSize: 1_000_000 }])(
    "of many calls arrives whole, between headers and trailers (%o)",
    async (settings) => {
      const { session } = open(async (stream, lane, id) => {
        stream.resume();
        await answer(stream, lane, [content(id), Buffer.alloc(0), content(id)]);
      }, settings);
      const calls = Array.from({ length: 8 }, async () => {
        const stream = session.request({ ":method": "POST", "x-long": "x".repeat(10_000) });
        stream.end("question");
        const over = once(stream, "trailers");
        const received = await buffer(stream);
        expect((await over)[0]).toMatchObject({ "x-over": "yes" });
        const expected = content(stream.id ?? 0);
        expect(received.equals(Buffer.concat([expected, expected]))).toBe(true);
      });
      await Promise.all(calls);
      session.destroy();
    },
  );

  test("heeds what the peer sets later", async () => {
    const { session } = open(
      async (stream, lane) => {
        stream.resume();
        await answer(stream, lane, [content(1)]);
      },
      { initialWindowSize: 0 },
    );
    const stream = session.request({ ":method": "POST" });
    stream.end();
    await once(stream, "response");
    session.settings({ initialWindowSize: 2_000_000 });
    expect((await buffer(stream)).equals(content(1))).toBe(true);
    session.destroy();
  });

  test.each(["peer cancels", "server resets"] as const)(
    "of a call that the %s is refused; others go on",
    async (who) => {
      const refused: unknown[] = [];
      const { session } = open(async (stream, lane, id) => {
        if (id > 1) return await answer(stream, lane, [content(id)]);
        stream.respond({ ":status": 200 });
        const sending = lane.send(id, [Buffer.alloc(10_000_000)]);
        if (who === "server resets") setImmediate(() => stream.close(8));
        await sending.catch((error: unknown) => refused.push(error));
      });
      const canceled = session.request({ ":method": "POST" });
      canceled.on("error", () => undefined);
      await once(canceled, "response");
      if (who === "peer cancels") canceled.close(8);
      if (!canceled.closed) await once(canceled, "close");
      const stream = session.request({ ":method": "POST" });
      expect((await buffer(stream)).equals(content(stream.id ?? 0))).toBe(true);
      expect(refused).toMatchObject([{ code: "SESSION_CLOSED" }]);
      session.destroy();
    },
  );

  test("of a call that has ended is refused, and harms no other", async () => {
    const late: unknown[] = [];
    const { session } = open(async (stream, lane, id) => {
      stream.resume();
      await answer(stream, lane, [content(id)]);
      while (late.length === 0) {
        await lane.send(id, [Buffer.from("late")]).catch((error: unknown) => late.push(error));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const question = async () => {
      const stream = session.request({ ":method": "POST" });
      stream.end();
      return { received: await buffer(stream), id: stream.id ?? 0 };
    };
    const first = await question();
    expect(first.received.subarray(0, content(1).byteLength).equals(content(1))).toBe(true);
    const second = await question();
    expect(second.received.subarray(0, content(second.id).byteLength).equals(content(second.id))).toBe(true);
    expect(late[0]).toMatchObject({ code: "SESSION_CLOSED" });
    session.destroy();
  });

  test("is refused when the connection is over", async () => {
    let tell: ((error: unknown) => void) | undefined;
    const refused = new Promise<unknown>((resolve) => {
      tell = resolve;
    });
    const { session, connection } = open(async (stream, lane, id) => {
      stream.respond({ ":status": 200 });
      await lane.send(id, [Buffer.alloc(10_000_000)]).catch(tell);
    });
    const stream = session.request({ ":method": "POST" });
    stream.on("error", () => undefined);
    await once(stream, "response");
    connection.destroy();
    expect(await refused).toMatchObject({ code: "SESSION_CLOSED" });
    session.destroy();
  });
});
