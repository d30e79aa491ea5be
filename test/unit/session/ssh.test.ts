import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SSH } from "../../../sdk/proto/gen/ssh_pb.js";
import { createSshService } from "../../../sdk/session/ssh.ts";
import { decodeAgentMessages, encodeAgentMessage } from "../../../sdk/session/ssh-agent-protocol.ts";
import { createSocketAgent, type SocketAgentOptions } from "../../../sdk/session/ssh-agent-socket.ts";
import { type DaemonSide, openDaemonSide } from "./daemon-side.ts";

const LIST = encodeAgentMessage(Uint8Array.of(11));
const SIGN = encodeAgentMessage(Uint8Array.of(13, 1, 2, 3));
const ADD = encodeAgentMessage(Uint8Array.of(17));
const EXTENSION = encodeAgentMessage(Uint8Array.of(27));
const FAILURE = encodeAgentMessage(Uint8Array.of(5));

interface FakeAgent extends AsyncDisposable {
  readonly path: string;
}

async function listenAt(serve: (socket: Socket) => void): Promise<FakeAgent> {
  const directory = await mkdtemp(join(tmpdir(), "kitsmith-agent-"));
  const path = join(directory, "socket");
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on("error", () => {}));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

const echo = (socket: Socket): void =>
  void socket.on("data", (chunk) => socket.write(chunk)).on("end", () => socket.end());

function serve(path: string, options: SocketAgentOptions = {}): Promise<DaemonSide> {
  return openDaemonSide([createSshService(new Map([["default", createSocketAgent(path, options)]]))]);
}

async function talk(side: DaemonSide, chunks: readonly Uint8Array[], id = "default"): Promise<Buffer> {
  const call = side.client.bidi(SSH.method.forwardAgent, { headers: { "buildkit.ssh.id": id } });
  for (const data of chunks) await call.send({ data });
  call.end();
  const answers: Uint8Array[] = [];
  for await (const { data } of call.messages) answers.push(data);
  return Buffer.concat(answers);
}

describe("the ssh service", () => {
  test("knows its agents", async () => {
    await using side = await serve("/nowhere");
    await side.client.unary(SSH.method.checkAgent, { ID: "" });
    await side.client.unary(SSH.method.checkAgent, { ID: "default" });
    const unknown = { status: "NOT_FOUND" };
    await expect(side.client.unary(SSH.method.checkAgent, { ID: "other" })).rejects.toMatchObject(unknown);
    await expect(talk(side, [], "other")).rejects.toMatchObject(unknown);
  });

  test("passes on listing and signing, and refuses the rest, in order", async () => {
    await using agent = await listenAt(echo);
    await using side = await serve(agent.path);
    const all = Buffer.concat([LIST, ADD, SIGN, EXTENSION, LIST]);
    const expected = Buffer.concat([LIST, FAILURE, SIGN, FAILURE, LIST]);
    expect(await talk(side, [all])).toEqual(expected);
    expect(
      await talk(
        side,
        [...all].map((byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(expected);
  });

  test("takes a long message that comes in very small pieces, and pieces without bytes", async () => {
    const message = encodeAgentMessage(Buffer.concat([Uint8Array.of(13), Buffer.alloc(200_000, 7)]));
    const pieces = async function* () {
      for (const byte of message) yield* [Uint8Array.of(byte), new Uint8Array()];
    };
    const taken: Uint8Array[] = [];
    for await (const one of decodeAgentMessages(pieces())) taken.push(one);
    expect(taken.map((one) => Buffer.compare(one, message.subarray(4)))).toEqual([0]);
  });

  test("passes on everything when raw, and reads on after the program has closed its side", async () => {
    await using agent = await listenAt((socket) => {
      const chunks: Uint8Array[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      socket.on("end", () => socket.end(Buffer.concat(chunks).reverse()));
    });
    await using side = await serve(agent.path, { raw: true });
    expect((await talk(side, [Buffer.from("any "), Buffer.from("bytes")])).toString()).toBe("setyb yna");
  });

  test("ends the connection when the agent goes away", async () => {
    await using agent = await listenAt((socket) => void socket.once("data", () => socket.destroy()));
    await using side = await serve(agent.path);
    expect(await talk(side, [LIST, LIST])).toEqual(Buffer.alloc(0));
  });

  test("does not wait for ever for an answer", async () => {
    await using agent = await listenAt(() => {});
    await using side = await serve(agent.path, { answerTimeoutMs: 100 });
    await expect(talk(side, [LIST])).rejects.toMatchObject({ status: "UNKNOWN" });
    expect(side.session.failures).toMatchObject([{ error: { code: "INPUT_SSH_AGENT_UNUSABLE" } }]);
  });

  test("fails where nothing listens", async () => {
    await using side = await serve("/nowhere");
    await expect(talk(side, [LIST])).rejects.toMatchObject({ status: "UNKNOWN" });
    expect(side.session.failures).toMatchObject([{ error: { code: "INPUT_SSH_AGENT_UNUSABLE" } }]);
  });

  test("refuses a message without end", async () => {
    await using agent = await listenAt(echo);
    await using side = await serve(agent.path);
    await expect(talk(side, [Uint8Array.of(255, 255, 255, 255)])).rejects.toMatchObject({
      status: "RESOURCE_EXHAUSTED",
    });
  });

  test.each([false, true])("a step that is canceled closes the agent's connection (raw: %s)", async (raw) => {
    let onClose: (() => void) | undefined;
    const closed = new Promise<void>((resolve) => {
      onClose = resolve;
    });
    let onData: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      onData = resolve;
    });
    await using agent = await listenAt(
      (socket) =>
        void socket
          .once("data", () => onData?.())
          .on("close", () => onClose?.())
          .on("end", () => socket.end()),
    );
    await using side = await serve(agent.path, { raw });
    const call = side.client.bidi(SSH.method.forwardAgent);
    await call.send({ data: LIST });
    await asked;
    const answers = call.messages[Symbol.asyncIterator]();
    const next = answers.next();
    call.cancel();
    await expect(next).rejects.toMatchObject({ status: "CANCELLED" });
    await closed;
    expect(side.session.failures).toEqual([]);
  });
});
