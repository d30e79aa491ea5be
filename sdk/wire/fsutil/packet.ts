import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ProtocolError } from "../../core/errors.ts";
import type { FileStat } from "../../core/file-stat.ts";
import { FRAME_HEADER_BYTES, writeFrameHeader } from "../grpc-frame.ts";
import { decodeStat, statRoom, writeStat } from "./stat.ts";
import { MAX_VARINT_BYTES, varintSize, writeVarint } from "./varint.ts";

/** One message of a directory transfer. */
export type Packet =
  /** An entry of the tree; without one: the end of the tree. */
  | { readonly type: "stat"; readonly stat: FileStat | undefined }
  /** Asks for the content of the entry with this number. */
  | { readonly type: "request"; readonly id: number }
  /** A piece of content; an empty one is its end. */
  | { readonly type: "data"; readonly id: number; readonly data: Uint8Array }
  /** All that was asked for has come. */
  | { readonly type: "finish" }
  | { readonly type: "error"; readonly message: string };

const TYPES = ["stat", "request", "data", "finish", "error"] as const satisfies readonly Packet["type"][];
const FIELD = { type: 1, stat: 2, id: 3, data: 4 } as const;
const TAG = { type: 0x08, stat: 0x12, id: 0x18, data: 0x22 } as const;

/** What a stat takes without its texts, about. */
const TYPICAL_STAT_BYTES = 24;

/**
 * Encodes a packet. Content goes faster by {@link writeDataHeader}.
 *
 * @source https://github.com/tonistiigi/fsutil/blob/83cac42c1c52/types/wire.proto
 */
export function encodePacket(packet: Packet): Uint8Array {
  if (packet.type === "stat") return packet.stat ? encodeStatPacket(packet.stat) : new Uint8Array(0);
  const writer = new BinaryWriter();
  writer.tag(FIELD.type, WireType.Varint).int32(TYPES.indexOf(packet.type));
  if ((packet.type === "request" || packet.type === "data") && packet.id !== 0) {
    writer.tag(FIELD.id, WireType.Varint).uint32(packet.id);
  }
  if (packet.type === "data" && packet.data.byteLength > 0) {
    writer.tag(FIELD.data, WireType.LengthDelimited).bytes(packet.data);
  }
  if (packet.type === "error") writer.tag(FIELD.data, WireType.LengthDelimited).string(packet.message);
  return writer.finish();
}

function encodeStatPacket(stat: FileStat): Uint8Array {
  const frame = Buffer.allocUnsafe(statFrameRoom(stat));
  return frame.subarray(FRAME_HEADER_BYTES, writeStatFrame(frame, stat, 0));
}

/** Room that {@link writeStatFrame} may need. */
export function statFrameRoom(stat: FileStat): number {
  return FRAME_HEADER_BYTES + 1 + MAX_VARINT_BYTES + statRoom(stat);
}

/** Writes the packet for an entry as a message that is framed for gRPC; gives the offset behind it. */
export function writeStatFrame(target: Buffer, stat: FileStat, start: number): number {
  const packetStart = start + FRAME_HEADER_BYTES;
  // The length comes first and is known last; a wrong guess costs a move by a byte.
  const guessed = varintSize(TYPICAL_STAT_BYTES + stat.path.length + stat.linkname.length);
  const guessedStart = packetStart + 1 + guessed;
  const guessedEnd = writeStat(target, stat, guessedStart);
  const sizeBytes = guessedEnd - guessedStart;
  target[packetStart] = TAG.stat;
  const statStart = packetStart + 1 + varintSize(sizeBytes);
  if (statStart !== guessedStart) target.copyWithin(statStart, guessedStart, guessedEnd);
  writeVarint(target, sizeBytes, packetStart + 1);
  const end = statStart + sizeBytes;
  writeFrameHeader(target, end - packetStart, start);
  return end;
}

/** What {@link writeDataHeader} writes. */
export function dataHeaderSize(id: number, sizeBytes: number): number {
  const idBytes = id === 0 ? 0 : 1 + varintSize(id);
  return FRAME_HEADER_BYTES + 2 + idBytes + (sizeBytes === 0 ? 0 : 1 + varintSize(sizeBytes));
}

/**
 * Writes all that stands before the content of a data packet, framed for gRPC; gives the offset behind it. Without content
 * that is all of the packet.
 */
export function writeDataHeader(target: Buffer, id: number, sizeBytes: number, start: number): number {
  writeFrameHeader(target, dataHeaderSize(id, sizeBytes) - FRAME_HEADER_BYTES + sizeBytes, start);
  let end = start + FRAME_HEADER_BYTES;
  target[end] = TAG.type;
  target[end + 1] = TYPES.indexOf("data");
  end += 2;
  if (id !== 0) {
    target[end] = TAG.id;
    end = writeVarint(target, id, end + 1);
  }
  if (sizeBytes === 0) return end;
  target[end] = TAG.data;
  return writeVarint(target, sizeBytes, end + 1);
}

/**
 * Decodes a packet. The content of a data packet is a view of the message.
 *
 * @throws ProtocolError `WIRE_FRAME_INVALID`
 */
export function decodePacket(message: Uint8Array): Packet {
  try {
    return readPacket(new BinaryReader(message));
  } catch (cause) {
    throw new ProtocolError("WIRE_FRAME_INVALID", "a packet of a directory transfer does not parse", { cause });
  }
}

function readPacket(reader: BinaryReader): Packet {
  let typeNumber = 0;
  let stat: FileStat | undefined;
  let id = 0;
  let data: Uint8Array = new Uint8Array(0);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === FIELD.type) typeNumber = reader.int32();
    else if (field === FIELD.stat) stat = decodeStat(reader.bytes());
    else if (field === FIELD.id) id = reader.uint32();
    else if (field === FIELD.data) data = reader.bytes();
    else reader.skip(wireType, field);
  }
  const type = TYPES[typeNumber];
  switch (type) {
    case "stat":
      return { type, stat };
    case "request":
      return { type, id };
    case "data":
      return { type, id, data };
    case "finish":
      return { type };
    case "error":
      return { type, message: Buffer.from(data).toString("utf8") };
    default:
      throw new RangeError(`packet type ${typeNumber}`);
  }
}
