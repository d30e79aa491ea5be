import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { FileStat } from "../../core/file-stat.ts";
import { MAX_VARINT_BYTES, writeVarint, writeVarint64 } from "./varint.ts";

const FIELD = {
  path: 1,
  mode: 2,
  uid: 3,
  gid: 4,
  size: 5,
  mtime: 6,
  linkname: 7,
  deviceMajor: 8,
  deviceMinor: 9,
} as const;

/** Room for all fields but the texts. */
const FIXED_BYTES = Object.keys(FIELD).length * (1 + MAX_VARINT_BYTES);

/**
 * Encodes a stat. Extended attributes are not sent: Node cannot read them.
 *
 * Written by hand, since a tree has one of them for each entry and the general writer takes five times as long.
 *
 * @source https://github.com/tonistiigi/fsutil/blob/83cac42c1c52/types/stat.proto
 */
export function encodeStat(stat: FileStat): Buffer {
  const bytes = Buffer.allocUnsafe(FIXED_BYTES + Buffer.byteLength(stat.path) + Buffer.byteLength(stat.linkname));
  let end = 0;
  const text = (field: number, value: string): void => {
    if (value === "") return;
    bytes[end] = (field << 3) | WireType.LengthDelimited;
    end = writeVarint(bytes, Buffer.byteLength(value), end + 1);
    end += bytes.write(value, end);
  };
  const number = (field: number, value: number | bigint): void => {
    if (value === 0 || value === 0n) return;
    bytes[end] = (field << 3) | WireType.Varint;
    const isSmall = typeof value === "number" && value > 0 && value < 2 ** 32;
    end = isSmall ? writeVarint(bytes, value, end + 1) : writeVarint64(bytes, BigInt(value), end + 1);
  };
  text(FIELD.path, stat.path);
  number(FIELD.mode, stat.mode);
  number(FIELD.uid, stat.uid);
  number(FIELD.gid, stat.gid);
  number(FIELD.size, stat.sizeBytes);
  number(FIELD.mtime, stat.mtimeNs);
  text(FIELD.linkname, stat.linkname);
  number(FIELD.deviceMajor, stat.deviceMajor);
  number(FIELD.deviceMinor, stat.deviceMinor);
  return bytes.subarray(0, end);
}

/** Decodes a stat; extended attributes are dropped. Throws what the reader throws on bytes that do not parse. */
export function decodeStat(bytes: Uint8Array): FileStat {
  const reader = new BinaryReader(bytes);
  const stat = {
    path: "",
    mode: 0,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    mtimeNs: 0n,
    linkname: "",
    deviceMajor: 0,
    deviceMinor: 0,
  };
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === FIELD.path) stat.path = reader.string();
    else if (field === FIELD.mode) stat.mode = reader.uint32();
    else if (field === FIELD.uid) stat.uid = reader.uint32();
    else if (field === FIELD.gid) stat.gid = reader.uint32();
    else if (field === FIELD.size) stat.sizeBytes = Number(reader.int64());
    else if (field === FIELD.mtime) stat.mtimeNs = BigInt(reader.int64());
    else if (field === FIELD.linkname) stat.linkname = reader.string();
    else if (field === FIELD.deviceMajor) stat.deviceMajor = Number(reader.int64());
    else if (field === FIELD.deviceMinor) stat.deviceMinor = Number(reader.int64());
    else reader.skip(wireType, field);
  }
  return stat;
}
