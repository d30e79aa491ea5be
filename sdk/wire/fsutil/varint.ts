/** The most bytes that {@link writeVarint} and {@link writeVarint64} need. */
export const MAX_VARINT_BYTES = 10;

/** How many bytes a number below 2^32 takes. */
export function varintSize(value: number): number {
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5;
}

/** Writes a number below 2^32; gives the offset behind it. */
export function writeVarint(target: Uint8Array, value: number, start: number): number {
  let offset = start;
  let rest = value;
  while (rest > 0x7f) {
    target[offset] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    offset += 1;
  }
  target[offset] = rest;
  return offset + 1;
}

const INT64 = new BigInt64Array(1);
const HALVES = new Uint32Array(INT64.buffer);
const LOW_HALF = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;

/** Writes an int64 as protobuf does, in two's complement; gives the offset behind it. */
export function writeVarint64(target: Uint8Array, value: bigint, start: number): number {
  INT64[0] = value;
  let low = HALVES[LOW_HALF] ?? 0;
  let high = HALVES[1 - LOW_HALF] ?? 0;
  let offset = start;
  while (high > 0) {
    target[offset] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
    offset += 1;
  }
  return writeVarint(target, low, offset);
}
