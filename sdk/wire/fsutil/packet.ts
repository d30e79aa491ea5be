import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ProtocolError } from "../../core/errors.ts";
import type { FileStat } from "../../core/file-stat.ts";
import { decodeStat, encodeStat } from "./stat.ts";
import { varintSize, writeVarint } from "./varint.ts";

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

/** Room that {@link frameData} needs in front of the content. */
export const DATA_HEADER_BYTES = 16;

/**
 * Encodes a packet. Content goes faster through {@link frameData}.
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
  const encoded = encodeStat(stat);
  const packet = Buffer.allocUnsafe(1 + varintSize(encoded.byteLength) + encoded.byteLength);
  packet[0] = TAG.stat;
  encoded.copy(packet, writeVarint(packet, encoded.byteLength, 1));
  return packet;
}

/**
 * Makes a data packet around content that is already in its buffer, without copying it: the content starts at
 * {@link DATA_HEADER_BYTES} and the header is written right before it. Gives the part of the buffer that is the packet.
 */
export function frameData(buffer: Buffer, id: number, sizeBytes: number): Buffer {
  const idBytes = id === 0 ? 0 : 1 + varintSize(id);
  const headerBytes = 2 + idBytes + 1 + varintSize(sizeBytes);
  const packet = buffer.subarray(DATA_HEADER_BYTES - headerBytes, DATA_HEADER_BYTES + sizeBytes);
  packet[0] = TAG.type;
  packet[1] = TYPES.indexOf("data");
  if (id !== 0) {
    packet[2] = TAG.id;
    writeVarint(packet, id, 3);
  }
  packet[2 + idBytes] = TAG.data;
  writeVarint(packet, sizeBytes, 3 + idBytes);
  return packet;
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
