import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrames, encodeFrame } from "../../../sdk/wire/grpc-frame.ts";

const LIMIT_BYTES = 1000;

async function decode(chunks: readonly Uint8Array[]): Promise<string[]> {
  const messages: string[] = [];
  const source = (async function* () {
    yield* chunks;
  })();
  for await (const message of decodeFrames(source, LIMIT_BYTES)) messages.push(Buffer.from(message).toString("hex"));
  return messages;
}

describe("message frames", () => {
  test("come out as they went in, however the stream is cut", async () => {
    const sizes = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    const cuts = fc.array(fc.integer({ min: 1, max: 23 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(sizes, cuts, async (messages, lengths) => {
        const stream = Buffer.concat(messages.map(encodeFrame));
        const chunks: Uint8Array[] = [];
        for (let at = 0, index = 0; at < stream.length; index += 1) {
          const length = lengths[index % lengths.length] ?? 1;
          chunks.push(stream.subarray(at, at + length));
          at += length;
        }
        expect(await decode(chunks)).toEqual(messages.map((message) => Buffer.from(message).toString("hex")));
      }),
    );
  });

  test("above the limit are refused before they are read", async () => {
    const header = encodeFrame(Buffer.alloc(LIMIT_BYTES + 1)).subarray(0, 5);
    await expect(decode([header])).rejects.toMatchObject({ status: "RESOURCE_EXHAUSTED" });
    expect(await decode([encodeFrame(Buffer.alloc(LIMIT_BYTES))])).toHaveLength(1);
  });

  test("that are compressed are refused", async () => {
    await expect(decode([Uint8Array.of(1, 0, 0, 0, 0)])).rejects.toMatchObject({ status: "UNIMPLEMENTED" });
  });

  test.each([1, 4, 5, 7])("cut off after %i bytes are an error", async (length) => {
    const stream = encodeFrame(Buffer.from("abc")).subarray(0, length);
    await expect(decode([stream])).rejects.toMatchObject({ status: "INTERNAL" });
  });
});
