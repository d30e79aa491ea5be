import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BytesMessageSchema } from "../../../sdk/proto/gen/filesync_pb.js";
import { encodeFrame } from "../../../sdk/wire/grpc-frame.ts";
import { createSliceDecoder } from "../../../sdk/wire/slice-decoder.ts";

const LIMIT_BYTES = 1024 * 1024;

function message(data: Uint8Array): Buffer {
  return encodeFrame(toBinary(BytesMessageSchema, create(BytesMessageSchema, { data })));
}

describe("slices of bytes in messages", () => {
  test("give the same stream wherever they are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
        fc.array(fc.nat({ max: 2000 }), { maxLength: 8 }),
        (contents, cuts) => {
          const stream = Buffer.concat(contents.map(message));
          const places = [0, ...cuts.map((cut) => Math.min(cut, stream.byteLength)), stream.byteLength].sort(
            (a, b) => a - b,
          );
          const { decode, isBetweenMessages } = createSliceDecoder(LIMIT_BYTES);
          const slices = places.slice(1).flatMap((end, index) => decode(stream.subarray(places[index], end)));
          expect(Buffer.concat(slices)).toEqual(Buffer.concat(contents));
          expect(isBetweenMessages()).toBe(true);
        },
      ),
    );
  });

  test("of many sizes have the right headers", () => {
    for (const sizeBytes of [1, 127, 128, 16_383, 16_384, 300_000]) {
      const content = Buffer.alloc(sizeBytes, 7);
      expect(Buffer.concat(createSliceDecoder(LIMIT_BYTES).decode(message(content)))).toEqual(content);
    }
  });

  test.each([
    ["compressed", Buffer.from([1, 0, 0, 0, 2, 0x0a, 0]), "UNIMPLEMENTED"],
    ["too long", Buffer.from([0, 0xff, 0, 0, 0]), "RESOURCE_EXHAUSTED"],
    ["another field", Buffer.from([0, 0, 0, 0, 2, 0x12, 0]), "INTERNAL"],
    ["a wrong length", Buffer.from([0, 0, 0, 0, 3, 0x0a, 0, 0]), "INTERNAL"],
    ["a length without end", Buffer.from([0, 0, 0, 0, 9, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), "INTERNAL"],
  ])("are refused when %s", (_title, bytes, status) => {
    expect(() => createSliceDecoder(LIMIT_BYTES).decode(bytes)).toThrowError(expect.objectContaining({ status }));
  });
});
