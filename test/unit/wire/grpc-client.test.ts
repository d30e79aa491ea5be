import { once } from "node:events";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { BytesMessageSchema, Control, StatusResponseSchema } from "../../../sdk/proto/gen/control_pb.js";
import { Health, HealthCheckResponseSchema } from "../../../sdk/proto/gen/health_pb.js";
import { createGrpcClient } from "../../../sdk/wire/grpc-client.ts";
import type { ServerHandler } from "../../../sdk/wire/grpc-server.ts";
import { StatusError } from "../../../sdk/wire/status.ts";
import { listen, listenGrpc } from "./grpc-fixture.ts";

const CHECK = "/grpc.health.v1.Health/Check";
const STATUS = "/moby.buildkit.v1.Control/Status";
const SESSION = "/moby.buildkit.v1.Control/Session";

const answerServing: ServerHandler = async (call) => {
  for await (const _ of call.messages) break;
  await call.send(toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status: 1 })));
};
const hang: ServerHandler = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("the gRPC client", () => {
  test("gets the answer of a call", async () => {
    await using server = await listenGrpc({ [CHECK]: answerServing });
    const client = createGrpcClient({ endpoint: server.endpoint });
    expect(await client.unary(Health.method.check, {})).toMatchObject({ status: 1 });
    client.close();
  });

  test("sends repeated headers one by one, and the server keeps them apart", async () => {
    const seen: unknown[] = [];
    await using server = await listenGrpc({
      [CHECK]: async (call) => {
        seen.push(call.headers.getAll("x-pattern"), call.headers.get("x-one"), call.headers.getAll("x-none"));
        await answerServing(call);
      },
    });
    const client = createGrpcClient({ endpoint: server.endpoint });
    const patterns = ["a,b", "c", "", "d, e"];
    await client.unary(Health.method.check, {}, { headers: { "x-pattern": patterns, "x-one": "1" } });
    client.close();
    expect(seen).toEqual([patterns, "1", []]);
  });

  test("throws the server's status, text of any language included", async () => {
    const text = "no such thing: 100% größer 📦\nnext line";
    await using server = await listenGrpc({
      [CHECK]: async () => {
        throw new StatusError("NOT_FOUND", text);
      },
    });
    const client = createGrpcClient({ endpoint: server.endpoint });
    const call = client.unary(Health.method.check, {});
    await expect(call).rejects.toMatchObject({ code: "WIRE_STATUS", status: "NOT_FOUND", statusMessage: text });
    client.close();
  });

  test("does not learn what a handler threw by accident", async () => {
    await using server = await listenGrpc({
      [CHECK]: async () => {
        throw new TypeError("password hunter2");
      },
    });
    const client = createGrpcClient({ endpoint: server.endpoint });
    const failure = await client.unary(Health.method.check, {}).catch((error: unknown) => error);
    client.close();
    expect(failure).toMatchObject({ status: "UNKNOWN" });
    expect(String(failure)).not.toContain("hunter2");
  });

  test("is told about methods that are not there", async () => {
    await using server = await listenGrpc({});
    const client = createGrpcClient({ endpoint: server.endpoint });
    await expect(client.unary(Health.method.check, {})).rejects.toMatchObject({ status: "UNIMPLEMENTED" });
    client.close();
  });

  test("aborted, rejects with the reason and cancels the call at the server", async () => {
    let canceled: (() => void) | undefined;
    const serverSaw = new Promise<void>((resolve) => {
      canceled = resolve;
    });
    let started: (() => void) | undefined;
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    await using server = await listenGrpc({
      [CHECK]: async (call) => {
        call.signal.addEventListener("abort", () => canceled?.());
        started?.();
        await hang(call);
      },
    });
    const client = createGrpcClient({ endpoint: server.endpoint });
    const controller = new AbortController();
    const call = client.unary(Health.method.check, {}, { signal: controller.signal });
    call.catch(() => undefined);
    await running;
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await serverSaw;
    client.close();
  });

  test("fails after the time that a call was given", async () => {
    await using server = await listenGrpc({ [CHECK]: hang });
    const client = createGrpcClient({ endpoint: server.endpoint });
    const call = client.unary(Health.method.check, {}, { timeoutMs: 50 });
    await expect(call).rejects.toMatchObject({ status: "DEADLINE_EXCEEDED" });
    client.close();
  });

  test("fails when nothing listens, and when the server goes away", async () => {
    const nowhere = createGrpcClient({ endpoint: { kind: "unix", path: "/tmp/kitsmith-no-such-socket" } });
    await expect(nowhere.unary(Health.method.check, {})).rejects.toMatchObject({ status: "UNAVAILABLE" });
    nowhere.close();

    await using server = await listenGrpc({
      [CHECK]: async () => {
        for (const socket of server.sockets) socket.destroy();
      },
    });
    const client = createGrpcClient({ endpoint: server.endpoint });
    await expect(client.unary(Health.method.check, {})).rejects.toMatchObject({ status: "UNAVAILABLE" });
    client.close();
  });

  test("reads a stream, and leaving it cancels the call", async () => {
    let ended: (() => void) | undefined;
    const serverSaw = new Promise<void>((resolve) => {
      ended = resolve;
    });
    await using server = await listenGrpc({
      [STATUS]: async (call) => {
        call.signal.addEventListener("abort", () => ended?.());
        const logs = [{ msg: Buffer.alloc(256 * 1024) }];
        for (;;) await call.send(toBinary(StatusResponseSchema, create(StatusResponseSchema, { logs })));
      },
    });
    const client = createGrpcClient({ endpoint: server.endpoint });
    let count = 0;
    for await (const _ of client.serverStream(Control.method.status, { Ref: "r" })) {
      count += 1;
      if (count === 3) break;
    }
    await serverSaw;
    client.close();
    expect(count).toBe(3);
  });

  test("sends and receives at once; large messages pass", async () => {
    await using server = await listenGrpc({
      [SESSION]: async (call) => {
        for await (const message of call.messages) await call.send(message);
      },
    });
    const client = createGrpcClient({ endpoint: server.endpoint });
    const call = client.bidi(Control.method.session);
    const sizes = [0, 1, 70_000, 15 * 1024 * 1024];
    const sending = (async () => {
      for (const size of sizes) await call.send({ data: Buffer.alloc(size, 7) });
      call.end();
    })();
    const received: number[] = [];
    for await (const { data } of call.messages) received.push(data.byteLength);
    await sending;
    client.close();
    expect(received).toEqual(sizes);
  });

  test("a message above the limit is an error of that call", async () => {
    await using server = await listenGrpc({
      [SESSION]: async (call) => {
        for await (const message of call.messages) fromBinary(BytesMessageSchema, message);
      },
    });
    const client = createGrpcClient({ endpoint: server.endpoint });
    const call = client.bidi(Control.method.session);
    call.send({ data: Buffer.alloc(17 * 1024 * 1024) }).catch(() => undefined);
    const reading = (async () => {
      for await (const _ of call.messages);
    })();
    await expect(reading).rejects.toMatchObject({ status: "RESOURCE_EXHAUSTED" });
    client.close();
  });

  test("an answer whose trailer is too long to be read fails a watched call", async () => {
    const http2 = createHttp2Server({ maxSendHeaderBlockLength: 10_000_000 });
    http2.on("stream", (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => {
        stream.sendTrailers({ "grpc-status": "2", "grpc-status-details-bin": "~".repeat(200_000) });
      });
      stream.end();
    });
    http2.listen(0, "127.0.0.1");
    await once(http2, "listening");
    const { port } = http2.address() as AddressInfo;
    const client = createGrpcClient({ endpoint: { kind: "tcp", host: "127.0.0.1", port } });
    await using other = await listenGrpc({ [CHECK]: answerServing });
    const beside = createGrpcClient({ endpoint: other.endpoint });
    const watch = { soon: Promise.resolve(), beside: beside.probe };
    const call = client.unary(Health.method.check, {}, { watch });
    await expect(call).rejects.toMatchObject({ status: "UNAVAILABLE" });
    client.close();
    beside.close();
    http2.close();
  });

  test("closed, it leaves no connection behind, not even one in its handshake", async () => {
    let accepted: (() => void) | undefined;
    const connected = new Promise<void>((resolve) => {
      accepted = resolve;
    });
    await using server = await listen(() => accepted?.());
    const client = createGrpcClient({ endpoint: server.endpoint, handshake: () => new Promise(() => {}) });
    client.unary(Health.method.check, {}).catch(() => undefined);
    await connected;
    const [socket] = server.sockets;
    client.close();
    if (socket !== undefined && !socket.destroyed) await once(socket.resume(), "close");
    expect(socket?.destroyed).toBe(true);
    await expect(client.unary(Health.method.check, {})).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });
});
