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

/** Writes an int64 as protobuf does, in two's complement; gives the offset behind it. */
export function writeVarint64(target: Uint8Array, value: bigint, start: number): number {
  const unsigned = BigInt.asUintN(64, value);
  const low = Number(unsigned & 0xfff_ffffn);
  const rest = unsigned >> 28n;
  if (rest === 0n) return writeVarint(target, low, start);
  for (let part = 0; part < 4; part += 1) target[start + part] = ((low >>> (7 * part)) & 0x7f) | 0x80;
  return writeVarint64(target, rest, start + 4);
}
