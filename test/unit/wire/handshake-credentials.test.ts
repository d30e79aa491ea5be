import type { Socket } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Health, HealthCheckResponseSchema } from "../../../sdk/proto/gen/health_pb.js";
import { dialEndpoint } from "../../../sdk/wire/endpoint.ts";
import { createGrpcClient } from "../../../sdk/wire/grpc-client.ts";
import { listen, listenGrpc } from "./grpc-fixture.ts";

const SERVING = {
  "/grpc.health.v1.Health/Check": async (call: { send(message: Uint8Array): Promise<void> }) => {
    await call.send(toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status: 1 })));
  },
};

describe("grpc-js with a handshake of our own", () => {
  test("runs it once per connection, before HTTP/2, on the socket it has dialled", async () => {
    await using server = await listenGrpc(SERVING);
    const shaken: Socket[] = [];
    const handshake = async (socket: Socket): Promise<Socket> => {
      shaken.push(socket);
      return socket;
    };
    const client = createGrpcClient({ endpoint: server.endpoint, handshake });
    await client.unary(Health.method.check, {});
    await client.unary(Health.method.check, {});
    client.close();
    expect(shaken).toHaveLength(1);
    expect(server.sockets).toHaveLength(1);
  });

  test("speaks on the stream that the handshake gives, which may be another one", async () => {
    await using behind = await listenGrpc(SERVING);
    await using door = await listen(() => {});
    const handshake = async (socket: Socket): Promise<Socket> => {
      socket.destroy();
      return await dialEndpoint(behind.endpoint);
    };
    const client = createGrpcClient({ endpoint: door.endpoint, handshake });
    expect(await client.unary(Health.method.check, {})).toMatchObject({ status: 1 });
    client.close();
    expect(behind.sockets).toHaveLength(1);
  });

  test("fails calls when the handshake fails, and says why", async () => {
    await using server = await listen(() => {});
    const handshake = async (): Promise<Socket> => {
      throw new Error("the door is shut");
    };
    const client = createGrpcClient({ endpoint: server.endpoint, handshake });
    const call = client.unary(Health.method.check, {});
    await expect(call).rejects.toMatchObject({
      status: "UNAVAILABLE",
      statusMessage: expect.stringContaining("the door is shut"),
    });
    client.close();
  });
});
