import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { duplexPair } from "node:stream";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { BytesMessageSchema } from "../../../sdk/proto/gen/filesync_pb.js";
import { decodeFrames, encodeFrame } from "../../../sdk/wire/grpc-frame.ts";
import { type GrpcServer, type ServerHandler, serveGrpc } from "../../../sdk/wire/grpc-server.ts";
import { STREAMS_LIMIT } from "../../../sdk/wire/limits.ts";

const HEADERS = { ":method": "POST", ":path": "/s/M", "content-type": "application/grpc", te: "trailers" };

function pair(methods: Readonly<Record<string, ServerHandler>>): { server: GrpcServer; session: ClientHttp2Session } {
  const [left, right] = duplexPair();
  const server = serveGrpc(left, methods);
  const session = connect("http://localhost", { createConnection: () => right, maxSendHeaderBlockLength: 10_000_000 });
  session.on("error", () => undefined);
  return { server, session };
}

describe("the gRPC server", () => {
  test("takes thousands of values of one header", async () => {
    let seen: readonly string[] = [];
    const { server, session } = pair({
      "/s/M": async (call) => {
        seen = call.headers.getAll("include-patterns");
      },
    });
    const patterns = Array.from({ length: 3000 }, (_, index) => `dir-${index}/{a,b}`);
    await once(session, "remoteSettings");
    const stream = session.request({ ...HEADERS, "include-patterns": patterns });
    stream.resume().end();
    const trailers = await new Promise<object>((resolve) => stream.once("trailers", resolve));
    expect(trailers).toMatchObject({ "grpc-status": "0" });
    expect(seen).toEqual(patterns);
    session.destroy();
    await server.closed;
  });

  test("tells how many calls it takes at once", async () => {
    const { server, session } = pair({});
    await once(session, "remoteSettings");
    expect(session.remoteSettings.maxConcurrentStreams).toBe(STREAMS_LIMIT);
    session.destroy();
    await server.closed;
  });

  test("lets a handler answer after it has read only the first message", async () => {
    const { server, session } = pair({
      "/s/M": async (call) => {
        for await (const message of call.messages) {
          await call.send(message);
          break;
        }
      },
    });
    const stream = session.request(HEADERS);
    stream.write(encodeFrame(Buffer.from("one")));
    stream.write(encodeFrame(Buffer.from("two")));
    const messages: string[] = [];
    for await (const message of decodeFrames(stream, 1000)) messages.push(Buffer.from(message).toString());
    expect(messages).toEqual(["one"]);
    session.destroy();
    await server.closed;
  });

  /** What a handler reads of messages that a peer sends and, perhaps, cuts off. */
  async function contentOf(messages: readonly Buffer[], cutBytes = 0): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let failure: unknown;
    const { server, session } = pair({
      "/s/M": async ({ content }) => {
        try {
          for await (const chunk of content) chunks.push(chunk);
        } catch (error) {
          failure = error;
        }
      },
    });
    const sent = Buffer.concat(messages);
    const stream = session.request(HEADERS);
    stream.resume().end(sent.subarray(0, sent.byteLength - cutBytes));
    await new Promise((resolve) => stream.once("trailers", resolve));
    session.destroy();
    await server.closed;
    if (failure !== undefined) throw failure;
    return Buffer.concat(chunks);
  }

  const slice = (data: Uint8Array) => encodeFrame(toBinary(BytesMessageSchema, create(BytesMessageSchema, { data })));

  test("gives the content of messages as one stream", async () => {
    const parts = [Buffer.alloc(3_000_000, "a"), Buffer.alloc(0), Buffer.from("b"), Buffer.alloc(100_000, "c")];
    const content = await contentOf(parts.map(slice));
    expect(content.equals(Buffer.concat(parts))).toBe(true);
    expect(await contentOf([])).toHaveLength(0);
  });

  test.each([1, 99, 103, 106])("tells that a message is cut off by %i bytes", async (cutBytes) => {
    const messages = [slice(Buffer.from("whole")), slice(Buffer.alloc(100, "cut"))];
    await expect(contentOf(messages, cutBytes)).rejects.toMatchObject({ status: "INTERNAL" });
  });

  test("makes a peer wait while nobody takes the content", async () => {
    let take: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      take = resolve;
    });
    let receivedBytes = 0;
    const { server, session } = pair({
      "/s/M": async ({ content }) => {
        for await (const chunk of content) {
          receivedBytes += chunk.byteLength;
          await asked;
        }
      },
    });
    const stream = session.request(HEADERS);
    stream.resume();
    let [sent, isFull] = [0, false];
    while (!isFull) {
      isFull = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), 300);
        stream.write(slice(Buffer.alloc(1024 * 1024)), () => {
          clearTimeout(timer);
          resolve(false);
        });
      });
      sent += 1;
      expect(sent).toBeLessThan(32);
    }
    take?.();
    stream.end();
    await new Promise((resolve) => stream.once("trailers", resolve));
    expect(receivedBytes).toBe(sent * 1024 * 1024);
    session.destroy();
    await server.closed;
  });

  test("makes a sender wait while nobody reads", async () => {
    let sent = 0;
    const { server, session } = pair({
      "/s/M": async (call) => {
        for (;;) {
          await call.send(Buffer.alloc(256 * 1024));
          sent += 1;
        }
      },
    });
    const stream = session.request(HEADERS);
    stream.pause();
    await new Promise((resolve) => stream.once("response", resolve));
    let before = -1;
    while (before !== sent) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(sent * 256 * 1024).toBeLessThan(8 * 1024 * 1024);
    session.destroy();
    await server.closed;
  });

  test("tells a sender that its call was canceled", async () => {
    let failure: unknown;
    let tell: (() => void) | undefined;
    const over = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const { server, session } = pair({
      "/s/M": async (call) => {
        try {
          for (;;) {
            await call.send(Buffer.from("tick"));
            await new Promise((resolve) => setImmediate(resolve));
          }
        } catch (error) {
          failure = error;
        }
        tell?.();
      },
    });
    const stream = session.request(HEADERS);
    stream.on("error", () => undefined);
    await once(stream, "data");
    stream.close(8);
    await over;
    expect(failure).toMatchObject({ code: "SESSION_CLOSED" });
    session.destroy();
    await server.closed;
  });

  test.each(["server", "peer"] as const)("ends calls when the %s closes the connection", async (who) => {
    let reason: unknown;
    let started: (() => void) | undefined;
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const { server, session } = pair({
      "/s/M": async ({ signal }) => {
        started?.();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        reason = signal.reason;
      },
    });
    session.request(HEADERS).on("error", () => undefined);
    await running;
    if (who === "server") await server.close();
    else session.destroy();
    await server.closed;
    expect(reason).toMatchObject({ code: "SESSION_CLOSED" });
  });
});
