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
/** What a UTF-16 unit may take. */
const MAX_UTF8_BYTES = 3;

/** Room that {@link writeStat} may need. */
export function statRoom({ path, linkname }: FileStat): number {
  return FIXED_BYTES + MAX_UTF8_BYTES * (path.length + linkname.length);
}

/**
 * Writes a stat; gives the offset behind it. Extended attributes are not sent: Node cannot read them.
 *
 * Written by hand, since a tree has one of them for each entry and the general writer takes five times as long.
 *
 * @source https://github.com/tonistiigi/fsutil/blob/83cac42c1c52/types/stat.proto
 */
export function writeStat(target: Buffer, stat: FileStat, start: number): number {
  let end = writeText(target, FIELD.path, stat.path, start);
  end = writeNumber(target, FIELD.mode, stat.mode, end);
  end = writeNumber(target, FIELD.uid, stat.uid, end);
  end = writeNumber(target, FIELD.gid, stat.gid, end);
  end = writeNumber(target, FIELD.size, stat.sizeBytes, end);
  if (stat.mtimeNs !== 0n) {
    target[end] = (FIELD.mtime << 3) | WireType.Varint;
    end = writeVarint64(target, stat.mtimeNs, end + 1);
  }
  end = writeText(target, FIELD.linkname, stat.linkname, end);
  end = writeNumber(target, FIELD.deviceMajor, stat.deviceMajor, end);
  return writeNumber(target, FIELD.deviceMinor, stat.deviceMinor, end);
}

function writeText(target: Buffer, field: number, value: string, start: number): number {
  if (value === "") return start;
  target[start] = (field << 3) | WireType.LengthDelimited;
  const sizeBytes = Buffer.byteLength(value);
  const end = writeVarint(target, sizeBytes, start + 1);
  target.write(value, end);
  return end + sizeBytes;
}

function writeNumber(target: Buffer, field: number, value: number, start: number): number {
  if (value === 0) return start;
  target[start] = (field << 3) | WireType.Varint;
  if (value > 0 && value < 2 ** 32) return writeVarint(target, value, start + 1);
  return writeVarint64(target, BigInt(value), start + 1);
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
