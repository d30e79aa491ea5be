import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { InputError } from "../../../sdk/core/errors.ts";
import { Upload } from "../../../sdk/proto/gen/upload_pb.js";
import { UPLOAD_PIECE_BYTES } from "../../../sdk/session/limits.ts";
import { createUploadService, createUploads, type UploadSource } from "../../../sdk/session/upload.ts";
import { type DaemonSide, openDaemonSide } from "./daemon-side.ts";

const MIB = 1024 * 1024;

async function* bytes(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function open(source: UploadSource): Promise<DaemonSide> {
  return openDaemonSide([createUploadService(new Map([["id", source]]))]);
}

function pull({ client }: DaemonSide, path = "/id") {
  return client.bidi(Upload.method.pull, { headers: { urlpath: path, urlhost: "buildkit-session" } });
}

async function read(side: DaemonSide, path?: string): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const { data } of pull(side, path).messages) pieces.push(data);
  return pieces;
}

describe("an upload", () => {
  test("comes in pieces that engines take, in order, without empty ones", async () => {
    const content = randomBytes(2 * UPLOAD_PIECE_BYTES + 1);
    await using side = await open(() => bytes(content, Buffer.alloc(0), Buffer.from("end")));
    const pieces = await read(side);
    expect(pieces.map(({ byteLength }) => byteLength)).toEqual([UPLOAD_PIECE_BYTES, UPLOAD_PIECE_BYTES, 1, 3]);
    expect(Buffer.concat(pieces).equals(Buffer.concat([content, Buffer.from("end")]))).toBe(true);
  });

  test("may be empty, or have its source found first", async () => {
    await using side = await open(async () => bytes());
    expect(await read(side)).toEqual([]);
  });

  test("is begun anew by a function, and read once as a stream", async () => {
    await using anew = await open(() => bytes(Buffer.from("x")));
    expect(await read(anew)).toEqual(await read(anew));
    await using stream = await open(Readable.from([Buffer.from("x")]));
    expect(Buffer.concat(await read(stream)).toString()).toBe("x");
    await expect(read(stream)).rejects.toMatchObject({ status: "FAILED_PRECONDITION" });
  });

  test.each(["/other", "/", "/id/../id", ""])("is not found at %j", async (path) => {
    await using side = await open(() => bytes());
    await expect(read(side, path)).rejects.toMatchObject({ status: "NOT_FOUND" });
  });

  test("gets a URL of its own, also while the session is open", async () => {
    const uploads = createUploads();
    await using side = await openDaemonSide([uploads.service]);
    const urls = ["one", "two"].map((text) => uploads.add(() => bytes(Buffer.from(text))));
    expect(new Set(urls).size).toBe(2);
    for (const url of urls) expect(url).toMatch(/^http:\/\/buildkit-session\/[0-9a-z]{25}$/);
    const texts = await Promise.all(urls.map(async (url) => Buffer.concat(await read(side, new URL(url).pathname))));
    expect(texts.map(String)).toEqual(["one", "two"]);
  });

  test("waits when the engine does", async () => {
    let given = 0;
    await using side = await open(async function* () {
      for (; given < 64; given += 1) yield Buffer.alloc(MIB);
    });
    const call = pull(side);
    const messages = call.messages[Symbol.asyncIterator]();
    await messages.next();
    for (let before = -1; before !== given; await turns()) before = given;
    expect(given).toBeLessThan(40);
    let received = 1;
    while (!(await messages.next()).done) received += 1;
    expect(received).toBe(64);
  });
});

/** Time in which a stream that goes on would do so. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) await setImmediate();
}

describe("an upload that fails", () => {
  test.each([
    [() => Promise.reject(new Error("no such file"))],
    [
      async function* () {
        yield Buffer.from("x");
        throw new Error("no such file");
      },
    ],
    [
      () => {
        throw new Error("no such file");
      },
    ],
  ])("keeps its error for the build (%#)", async (source) => {
    await using side = await open(source);
    await expect(read(side)).rejects.toMatchObject({ status: "UNKNOWN" });
    expect(side.session.failures.map(({ error }) => error)).toMatchObject([
      { code: "BUILD_CALLBACK_FAILED", cause: { message: "no such file" } },
    ]);
  });

  test("has an error of kitsmith as its own", async () => {
    const error = new InputError("INPUT_SOURCE_MISSING", "there is no archive");
    await using side = await open(() => Promise.reject(error));
    await expect(read(side)).rejects.toMatchObject({ status: "UNKNOWN" });
    expect(side.session.failures.map((failure) => failure.error)).toEqual([error]);
  });

  test("is one that gives text", async () => {
    await using side = await open(Readable.from(["text"]));
    await expect(read(side)).rejects.toMatchObject({ status: "UNKNOWN" });
    expect(side.session.failures).toMatchObject([{ error: { code: "INPUT_OPTION_INVALID" } }]);
  });
});

describe("an upload that nobody reads any more", () => {
  test("closes its stream when the session ends", async () => {
    const stream = new Readable({ read() {} });
    const closed = new Promise((resolve) => stream.once("close", resolve));
    const side = await open(stream);
    stream.push("x");
    await pull(side).messages[Symbol.asyncIterator]().next();
    await side[Symbol.asyncDispose]();
    stream.push("y");
    await closed;
    expect(side.session.failures).toEqual([]);
  });

  test("tells a function, also one that never answers", async () => {
    let opened: ((signal: AbortSignal) => void) | undefined;
    const opening = new Promise<AbortSignal>((resolve) => {
      opened = resolve;
    });
    const side = await open(({ signal }) => {
      if (signal) opened?.(signal);
      return new Promise(() => {});
    });
    const call = read(side).catch(() => {});
    const signal = await opening;
    await side[Symbol.asyncDispose]();
    expect(signal.aborted).toBe(true);
    await call;
  });
});
