import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { PacketSchema } from "../../../../sdk/proto/gen/fsutil_pb.js";
import {
  dataHeaderSize,
  decodePacket,
  encodePacket,
  type Packet,
  writeDataHeader,
} from "../../../../sdk/wire/fsutil/packet.ts";
import { encodeFrame } from "../../../../sdk/wire/grpc-frame.ts";

const STAT = {
  path: "dir/naïve-𝒳",
  mode: 0x80000000 + 0o755,
  uid: 0,
  gid: 1000,
  sizeBytes: 2 ** 40,
  mtimeNs: 1_763_719_200_123_456_789n,
  linkname: "../x",
  deviceMajor: 8,
  deviceMinor: 1,
};

describe("packets", () => {
  it.each<Packet>([
    { type: "stat", stat: STAT },
    { type: "stat", stat: { ...STAT, path: "a", mtimeNs: -5n, sizeBytes: 0, linkname: "", gid: 0 } },
    { type: "stat", stat: { ...STAT, mtimeNs: -(2n ** 63n), deviceMajor: -1, uid: 2 ** 32 - 1, gid: 2 ** 28 } },
    { type: "stat", stat: { ...STAT, mtimeNs: 2n ** 63n - 1n, sizeBytes: 2 ** 28, path: "x".repeat(300) } },
    { type: "stat", stat: undefined },
    { type: "request", id: 0 },
    { type: "request", id: 2 ** 32 - 1 },
    { type: "data", id: 7, data: new Uint8Array([1, 2]) },
    { type: "data", id: 300, data: new Uint8Array(0) },
    { type: "finish" },
    { type: "error", message: "näh" },
  ])("go there and back: %o", (packet) => {
    const encoded = encodePacket(packet);
    expect(decodePacket(encoded)).toEqual(packet);
    expect(Buffer.compare(toBinary(PacketSchema, fromBinary(PacketSchema, encoded)), encoded)).toBe(0);
  });

  it("are what the schema says", () => {
    const message = fromBinary(PacketSchema, encodePacket({ type: "stat", stat: STAT }));
    expect(message.stat).toMatchObject({
      ...{ path: STAT.path, mode: STAT.mode, gid: 1000, size: 2n ** 40n, modTime: STAT.mtimeNs },
      ...{ linkname: "../x", devmajor: 8n, devminor: 1n },
    });
    expect(encodePacket({ type: "stat", stat: undefined })).toHaveLength(0);
    const withAttributes = create(PacketSchema, { stat: { path: "a", xattrs: { "user.x": new Uint8Array([1]) } } });
    expect(decodePacket(toBinary(PacketSchema, withAttributes))).toMatchObject({ type: "stat", stat: { path: "a" } });
  });

  it.each([
    [0, 1],
    [1, 127],
    [127, 128],
    [128, 16_383],
    [2 ** 14, 16_384],
    [2 ** 32 - 1, 2 ** 21],
  ])("have their header in front of content that is in its place: file %i, %i bytes", (id, sizeBytes) => {
    const packet = encodeFrame(encodePacket({ type: "data", id, data: Buffer.alloc(sizeBytes, 0x55) }));
    const headerBytes = dataHeaderSize(id, sizeBytes);
    const buffer = Buffer.alloc(3 + headerBytes + sizeBytes, 0x55);
    expect(writeDataHeader(buffer, id, sizeBytes, 3)).toBe(3 + headerBytes);
    expect(buffer.subarray(3).equals(packet)).toBe(true);
  });

  it.each([[[0x08, 0x09]], [[0x22, 0x05, 1]], [[0x12, 0x02, 0x0a, 0x09]], [[0xff]]])("refuse %o", (bytes) => {
    expect(() => decodePacket(new Uint8Array(bytes))).toThrowError(
      expect.objectContaining({ code: "WIRE_FRAME_INVALID" }),
    );
  });
});
