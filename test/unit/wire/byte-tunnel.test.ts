import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { BytesMessageSchema } from "../../../sdk/proto/gen/filesync_pb.js";
import { openByteTunnel } from "../../../sdk/wire/byte-tunnel.ts";
import { dialEndpoint } from "../../../sdk/wire/endpoint.ts";
import type { ServerHandler } from "../../../sdk/wire/grpc-server.ts";
import { StatusError } from "../../../sdk/wire/status.ts";
import { listenGrpc, type TestServer } from "./grpc-fixture.ts";

const METHOD = "/moby.buildkit.v1.Control/Session";

async function open(server: TestServer, headers: Record<string, string | readonly string[]> = {}): Promise<Duplex> {
  return openByteTunnel(await dialEndpoint(server.endpoint), { path: METHOD, headers });
}

/** Two ends that both run on node:http2 and send much at the same time would wait for each other. */
const echo: ServerHandler = async ({ messages, send }) => {
  const slices: Uint8Array[] = [];
  for await (const message of messages) slices.push(fromBinary(BytesMessageSchema, message).data);
  for (const data of slices) await send(toBinary(BytesMessageSchema, create(BytesMessageSchema, { data })));
};

describe("a tunnel", () => {
  test("carries bytes both ways, whole and in order, and ends when both sides have", async () => {
    await using server = await listenGrpc({ [METHOD]: echo });
    const tunnel = await open(server);
    const content = randomBytes(5_000_000);
    const received = buffer(tunnel);
    for (let offset = 0; offset < content.byteLength; offset += 70_001) {
      const slice = content.subarray(offset, offset + 70_001);
      if (!tunnel.write(slice)) await once(tunnel, "drain");
    }
    tunnel.end();
    expect((await received).equals(content)).toBe(true);
  });

  test("sends lists as one header each", async () => {
    let seen: readonly string[] = [];
    await using server = await listenGrpc({
      [METHOD]: async ({ headers }) => {
        seen = headers.getAll("x-list");
      },
    });
    const tunnel = await open(server, { "x-list": ["a,b", "c"], "x-one": "d" });
    await buffer(tunnel);
    expect(seen).toEqual(["a,b", "c"]);
  });

  test("breaks with the status that the daemon gives", async () => {
    await using server = await listenGrpc({
      [METHOD]: async () => {
        throw new StatusError("ALREADY_EXISTS", "there is one: é");
      },
    });
    const tunnel = await open(server);
    await expect(buffer(tunnel)).rejects.toMatchObject({ status: "ALREADY_EXISTS", statusMessage: "there is one: é" });
  });

  test("destroyed, leaves no socket", async () => {
    let canceled: Promise<unknown> | undefined;
    await using server = await listenGrpc({
      [METHOD]: async ({ signal }) => {
        canceled = once(signal, "abort");
        await canceled;
      },
    });
    const tunnel = await open(server);
    tunnel.write("x");
    while (canceled === undefined) await new Promise((resolve) => setImmediate(resolve));
    const [socket] = server.sockets;
    tunnel.destroy();
    await canceled;
    if (socket?.closed === false) await once(socket, "close");
    expect(socket?.closed).toBe(true);
  });

  test("breaks when the daemon goes away", async () => {
    await using server = await listenGrpc({
      [METHOD]: async ({ send, signal }) => {
        await send(toBinary(BytesMessageSchema, create(BytesMessageSchema, { data: Buffer.from("x") })));
        await once(signal, "abort");
      },
    });
    const tunnel = await open(server);
    await once(tunnel, "data");
    for (const socket of server.sockets) socket.destroy();
    await once(tunnel, "close");
    expect(tunnel.destroyed).toBe(true);
  });
});
