import { randomBytes } from "node:crypto";
import { PassThrough, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { Credential } from "../../../sdk/credentials/credential-source.ts";
import { Auth } from "../../../sdk/proto/gen/auth_pb.js";
import { FileSend } from "../../../sdk/proto/gen/filesync_pb.js";
import { Secrets } from "../../../sdk/proto/gen/secrets_pb.js";
import { createAuthService } from "../../../sdk/session/auth.ts";
import { createFileSendService, streamReceiver } from "../../../sdk/session/file-send.ts";
import { createSecretsService, type SecretValue } from "../../../sdk/session/secrets.ts";
import type { GrpcClient } from "../../../sdk/wire/grpc-client.ts";
import { openDaemonSide } from "./daemon-side.ts";

describe("the auth service", () => {
  const known: Readonly<Record<string, Credential>> = {
    "basic.example": { kind: "basic", username: "ann", password: "pw" },
    "identity.example": { kind: "identity-token", token: "refresh" },
    "registry.example": { kind: "registry-token", token: "bearer" },
  };
  const service = createAuthService({ get: async (host) => known[host] });

  test.each([
    ["basic.example", "ann", "pw"],
    ["identity.example", "", "refresh"],
    ["registry.example", "", ""],
    ["unknown.example", "", ""],
  ])("answers for %s", async (Host, Username, Secret) => {
    await using side = await openDaemonSide([service]);
    expect(await side.client.unary(Auth.method.credentials, { Host })).toMatchObject({ Username, Secret });
  });

  test("leaves tokens to the daemon", async () => {
    await using side = await openDaemonSide([service]);
    const call = side.client.unary(Auth.method.getTokenAuthority, { Host: "basic.example" });
    await expect(call).rejects.toMatchObject({ status: "UNIMPLEMENTED" });
  });
});

describe("the secrets service", () => {
  const service = createSecretsService(
    new Map<string, SecretValue>([
      ["fixed", Buffer.from("one")],
      ["asked", async () => Buffer.from("two")],
      ["none", async () => undefined],
    ]),
  );

  test("gives secrets that are fixed and secrets that are asked for", async () => {
    await using side = await openDaemonSide([service]);
    const values = await Promise.all(
      ["fixed", "asked"].map(async (ID) => (await side.client.unary(Secrets.method.getSecret, { ID })).data),
    );
    expect(values.map((value) => Buffer.from(value).toString())).toEqual(["one", "two"]);
  });

  test.each(["none", "absent"])("answers NOT_FOUND for %s", async (ID) => {
    await using side = await openDaemonSide([service]);
    await expect(side.client.unary(Secrets.method.getSecret, { ID })).rejects.toMatchObject({ status: "NOT_FOUND" });
  });
});

describe("the file output service", () => {
  test("writes each exporter's stream to its own place, and is done when all is written", async () => {
    const outputs = [new PassThrough(), new PassThrough()];
    const receivers = new Map(outputs.map((output, index) => [index, streamReceiver(() => output)]));
    await using side = await openDaemonSide([createFileSendService(receivers)]);
    const content = randomBytes(5 * 1024 * 1024);
    const [first, second] = await Promise.all([
      outputs[0] === undefined ? undefined : buffer(outputs[0]),
      outputs[1] === undefined ? undefined : buffer(outputs[1]),
      send(side.client, [Buffer.from("no id means the first")], undefined),
      send(side.client, [content.subarray(0, 3_000_000), Buffer.alloc(0), content.subarray(3_000_000)], "1"),
    ]);
    expect(first?.toString()).toBe("no id means the first");
    expect(second?.equals(content)).toBe(true);
  });

  test("refuses an exporter that nobody asked for", async () => {
    await using side = await openDaemonSide([createFileSendService(new Map())]);
    await expect(send(side.client, [], "3")).rejects.toMatchObject({ status: "NOT_FOUND" });
  });

  test("fails the call when the place cannot be written", async () => {
    const failure = new Error("disk full");
    const broken = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done(failure) });
    await using side = await openDaemonSide([createFileSendService(new Map([[0, streamReceiver(broken)]]))]);
    await expect(send(side.client, [Buffer.from("x")], "0")).rejects.toMatchObject({ status: "UNKNOWN" });
    expect(side.session.failures.map(({ error }) => error)).toEqual([failure]);
  });
});

async function send(client: GrpcClient, chunks: readonly Uint8Array[], exporter: string | undefined): Promise<void> {
  const headers = exporter === undefined ? {} : { "buildkit-attachable-exporter-id": exporter };
  const call = client.bidi(FileSend.method.diffCopy, { headers });
  const sending = (async () => {
    for (const data of chunks) await call.send({ data });
    call.end();
  })();
  sending.catch(() => undefined);
  for await (const _ of call.messages);
}
