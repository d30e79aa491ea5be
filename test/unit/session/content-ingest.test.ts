import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../../sdk/core/digest.ts";
import { Content, WriteAction, type WriteContentResponse } from "../../../sdk/proto/gen/content_pb.js";
import { createContentService } from "../../../sdk/session/content.ts";
import { type DaemonSide, openDaemonSide } from "./daemon-side.ts";

const HEADERS = { "buildkit-attachable-store-id": "local:cache" };
const content = Buffer.from("the content of a blob");
const { STAT, WRITE, COMMIT } = WriteAction;

interface Step {
  readonly action: WriteAction;
  readonly offset?: number;
  readonly data?: Uint8Array;
  readonly total?: number;
  readonly expected?: string;
  readonly ref?: string;
}

describe("blobs that the daemon writes", () => {
  let directory: string;
  let side: DaemonSide;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "kitsmith-ingest-"));
    const layouts = new Map([
      ["cache", directory],
      ["other", directory],
    ]);
    side = await openDaemonSide([createContentService(layouts, { writable: new Set(["cache"]) })]);
  });
  afterAll(async () => {
    await side?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  /** Asks one thing after the other, as the daemon does, and gives the answers. */
  const write = async (
    steps: readonly Step[],
    headers: Record<string, string> = HEADERS,
  ): Promise<readonly WriteContentResponse[]> => {
    const call = side.client.bidi(Content.method.write, { headers });
    const answers: WriteContentResponse[] = [];
    const messages = call.messages[Symbol.asyncIterator]();
    for (const { offset = 0, total = 0, ...step } of steps) {
      await call.send({ ref: "ref", ...step, offset: BigInt(offset), total: BigInt(total) });
      const { value, done } = await messages.next();
      if (done !== true) answers.push(value);
    }
    call.end();
    await messages.return?.();
    return answers;
  };
  const left = async (): Promise<readonly string[]> => await readdir(join(directory, ".incoming"));
  const whole = (text: Uint8Array): readonly Step[] => [
    { action: STAT, total: text.byteLength, expected: digestOf(text) },
    { action: WRITE, data: text.subarray(0, 4) },
    { action: WRITE, offset: 4, data: text.subarray(4) },
    { action: COMMIT, offset: text.byteLength, total: text.byteLength, expected: digestOf(text) },
  ];

  test("are there under their digest when they are committed", async () => {
    const answers = await write(whole(content));
    expect(answers.map(({ offset }) => Number(offset))).toEqual([0, 4, content.byteLength, content.byteLength]);
    expect(answers.at(-1)?.digest).toBe(digestOf(content));
    const file = join(directory, "blobs/sha256", digestOf(content).slice("sha256:".length));
    expect(await readFile(file)).toEqual(content);
    await expect(write(whole(content))).rejects.toMatchObject({ status: "ALREADY_EXISTS" });
    expect(await left()).toEqual([]);
  });

  test("begin again at offset 0", async () => {
    const text = Buffer.from("begun twice");
    await write([
      { action: WRITE, data: Buffer.from("wrong") },
      { action: WRITE, data: text },
      { action: COMMIT, offset: text.byteLength, total: text.byteLength, expected: digestOf(text) },
    ]);
    await expect(write(whole(text))).rejects.toMatchObject({ status: "ALREADY_EXISTS" });
  });

  test.each<[string, readonly Step[], Record<string, string>, string]>([
    ["another offset", [{ action: WRITE, offset: 3, data: content }], HEADERS, "OUT_OF_RANGE"],
    [
      "another digest",
      [
        { action: WRITE, data: Buffer.from("x") },
        { action: COMMIT, offset: 1, expected: digestOf("y") },
      ],
      HEADERS,
      "FAILED_PRECONDITION",
    ],
    [
      "another size",
      [
        { action: WRITE, data: Buffer.from("x") },
        { action: COMMIT, offset: 1, total: 2 },
      ],
      HEADERS,
      "FAILED_PRECONDITION",
    ],
    ["a path for a digest", [{ action: STAT, expected: "sha256:../../x" }], HEADERS, "INVALID_ARGUMENT"],
    ["no name", [{ action: STAT, ref: "" }], HEADERS, "INVALID_ARGUMENT"],
    ["a name without end", [{ action: STAT, ref: "r".repeat(5000) }], HEADERS, "INVALID_ARGUMENT"],
    [
      "more than was told",
      [
        { action: STAT, total: 3 },
        { action: WRITE, data: Buffer.from("four") },
      ],
      HEADERS,
      "FAILED_PRECONDITION",
    ],
    [
      "a store that is only read",
      [{ action: STAT }],
      { "buildkit-attachable-store-id": "oci:other" },
      "PERMISSION_DENIED",
    ],
  ])("are refused with %s, and nothing is left", async (_title, steps, headers, status) => {
    await expect(write(steps, headers)).rejects.toMatchObject({ status });
    expect(await left()).toEqual([]);
  });

  test("have one writer at a time", async () => {
    const first = side.client.bidi(Content.method.write, { headers: HEADERS });
    const answers = first.messages[Symbol.asyncIterator]();
    await first.send({ action: STAT, ref: "ref" });
    await answers.next();
    await expect(write([{ action: STAT }])).rejects.toMatchObject({ status: "UNAVAILABLE" });
    first.end();
    expect((await answers.next()).done).toBe(true);
    expect(await left()).toEqual([]);
  });
});
