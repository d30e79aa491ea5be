import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { FileStat } from "../../core/file-stat.ts";

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

/**
 * Encodes a stat. Extended attributes are not sent: Node cannot read them.
 *
 * @source https://github.com/tonistiigi/fsutil/blob/83cac42c1c52/types/stat.proto
 */
export function encodeStat(stat: FileStat): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  const unsigned = (field: number, value: number) => value !== 0 && writer.tag(field, WireType.Varint).uint32(value);
  const signed = (field: number, value: number | bigint) =>
    BigInt(value) !== 0n && writer.tag(field, WireType.Varint).int64(value);
  const text = (field: number, value: string) =>
    value !== "" && writer.tag(field, WireType.LengthDelimited).string(value);
  text(FIELD.path, stat.path);
  unsigned(FIELD.mode, stat.mode);
  unsigned(FIELD.uid, stat.uid);
  unsigned(FIELD.gid, stat.gid);
  signed(FIELD.size, stat.sizeBytes);
  signed(FIELD.mtime, stat.mtimeNs);
  text(FIELD.linkname, stat.linkname);
  signed(FIELD.deviceMajor, stat.deviceMajor);
  signed(FIELD.deviceMinor, stat.deviceMinor);
  return writer.finish();
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
