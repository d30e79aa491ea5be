import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../../sdk/core/digest.ts";
import { Content } from "../../../sdk/proto/gen/content_pb.js";
import { createContentService } from "../../../sdk/session/content.ts";
import { type DaemonSide, openDaemonSide } from "./daemon-side.ts";

const HEADERS = { "buildkit-attachable-store-id": "oci:cache" };
const content = Buffer.from(Array.from({ length: 2_500_000 }, (_, index) => index % 251));
const digest = digestOf(content);
const empty = digestOf("");

describe("the content service", () => {
  let directory: string;
  let side: DaemonSide;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "kitsmith-content-"));
    const blobs = join(directory, "blobs/sha256");
    await mkdir(blobs, { recursive: true });
    await writeFile(join(blobs, digest.slice("sha256:".length)), content);
    await writeFile(join(blobs, empty.slice("sha256:".length)), "");
    await writeFile(join(directory, "index.json"), "{}");
    side = await openDaemonSide([createContentService(new Map([["cache", directory]]))]);
  });
  afterAll(async () => {
    await side?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const info = async (of: string, headers: Record<string, string> = HEADERS) =>
    (await side.client.unary(Content.method.info, { digest: of }, { headers })).info;
  const read = async (of: string, offset = 0, size = 0) => {
    const pieces: Uint8Array[] = [];
    let expected = BigInt(offset);
    const request = { digest: of, offset: BigInt(offset), size: BigInt(size) };
    for await (const piece of side.client.serverStream(Content.method.read, request, { headers: HEADERS })) {
      expect(piece.offset).toBe(expected);
      expected += BigInt(piece.data.byteLength);
      pieces.push(piece.data);
    }
    return Buffer.concat(pieces);
  };

  test("says how large a blob is", async () => {
    expect(await info(digest)).toMatchObject({ digest, size: BigInt(content.byteLength) });
  });

  test.each([
    [0, 0],
    [0, 10],
    [1_000_000, 1_200_000],
    [2_400_000, 0],
    [2_400_000, 9_000_000],
    [content.byteLength, 0],
  ])("reads from %i on, %i bytes", async (offset, size) => {
    const end = size === 0 ? content.byteLength : offset + size;
    expect((await read(digest, offset, size)).equals(content.subarray(offset, end))).toBe(true);
  });

  test("reads a blob without content", async () => {
    expect((await read(empty)).byteLength).toBe(0);
  });

  test.each([
    ["a blob that is not there", digestOf("other"), HEADERS, "NOT_FOUND"],
    ["a store that is not there", digest, { "buildkit-attachable-store-id": "oci:other" }, "NOT_FOUND"],
    ["no store", digest, {}, "INVALID_ARGUMENT"],
    ["a path in place of a digest", "sha256:../../index.json", HEADERS, "INVALID_ARGUMENT"],
  ])("refuses %s", async (_, of, headers, status) => {
    await expect(info(of, headers)).rejects.toMatchObject({ status });
  });

  test("refuses what lies behind a blob's end", async () => {
    await expect(read(digest, content.byteLength + 1)).rejects.toMatchObject({ status: "OUT_OF_RANGE" });
    await expect(read(digest, -1)).rejects.toMatchObject({ status: "OUT_OF_RANGE" });
  });
});
