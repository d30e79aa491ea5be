import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { create, toBinary } from "@bufbuild/protobuf";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Health, HealthCheckResponseSchema } from "../../../sdk/proto/gen/health_pb.js";
import type { TlsOptions } from "../../../sdk/wire/endpoint.ts";
import { createGrpcClient } from "../../../sdk/wire/grpc-client.ts";
import { serveGrpc } from "../../../sdk/wire/grpc-server.ts";

const METHODS = {
  "/grpc.health.v1.Health/Check": async (call: { send(message: Uint8Array): Promise<void> }) => {
    await call.send(toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status: 1 })));
  },
};

describe("a connection with TLS", () => {
  let directory: string;
  let server: Server;
  let pair: { readonly cert: Buffer; readonly key: Buffer };

  beforeAll(async () => {
    directory = await mkdtemp("/tmp/kitsmith-tls-");
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const subject = ["-subj", "/CN=builder", "-addext", "subjectAltName=DNS:builder.example", "-days", "2"];
    await execa("openssl", [...request, ...subject, "-keyout", key, "-out", cert]);
    pair = { key: await readFile(key), cert: await readFile(cert) };
    // The certificate signs itself: it is its own authority, for both sides.
    const options = { ...pair, ca: pair.cert, requestCert: true, ALPNProtocols: ["h2"] };
    server = createServer(options, (socket) => void serveGrpc(socket, METHODS));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true, force: true });
  });

  async function check(tls: TlsOptions): Promise<unknown> {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const client = createGrpcClient({ endpoint: { kind: "tcp", host: "127.0.0.1", port, tls } });
    try {
      return await client.unary(Health.method.check, {});
    } finally {
      client.close();
    }
  }

  test("works with certificates on both sides", async () => {
    const tls = { ...pair, ca: pair.cert, serverName: "builder.example" };
    expect(await check(tls)).toMatchObject({ status: 1 });
  });

  test("works without verification where that is asked for", async () => {
    expect(await check({ ...pair, verify: false })).toMatchObject({ status: 1 });
  });

  test.each([
    ["an unknown authority", () => ({ ...pair, serverName: "builder.example" })],
    ["another name", () => ({ ...pair, ca: pair.cert, serverName: "other.example" })],
    ["no certificate of ours", () => ({ ca: pair.cert, serverName: "builder.example" })],
  ])("is refused with %s", async (_title, tls) => {
    await expect(check(tls())).rejects.toMatchObject({ status: "UNAVAILABLE" });
  });
});
