import { GraphError } from "../../core/errors.ts";

/** One field as it stands on the wire. */
export interface ProtoField {
  readonly number: number;
  readonly wireType: number;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Reads protobuf. What is cut short or malformed is a GraphError `LLB_DECODE_FAILED`. */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  #position = 0;
  #wireType = VARINT;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next field, or undefined at the end; its value must be read or skipped before the next one. */
  next(): ProtoField | undefined {
    if (this.#position >= this.#bytes.length) return undefined;
    const key = Number(this.#varint());
    const number = Math.floor(key / 8);
    if (number === 0) throw decodeError("a field with number 0");
    this.#wireType = key % 8;
    return { number, wireType: this.#wireType };
  }

  /** Hands each field to the function for its number; fields without one are read over. */
  readFields(handlers: Readonly<Record<number, (reader: ProtoReader) => void>>): void {
    for (let field = this.next(); field !== undefined; field = this.next()) {
      const handle = handlers[field.number];
      if (handle === undefined) this.skip();
      else handle(this);
    }
  }

  uint64(): bigint {
    this.#expect(VARINT);
    return this.#varint();
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#position++];
      if (byte === undefined) throw decodeError("a number is cut short");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw decodeError("a number has more than ten bytes");
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** int32, uint32, enum or int64 that counts things. */
  int(): number {
    const value = this.int64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
      throw decodeError(`the number ${value} is too large`);
    }
    return Number(value);
  }

  bool(): boolean {
    return this.uint64() !== 0n;
  }

  /** A copy. */
  bytes(): Uint8Array {
    return this.#slice().slice();
  }

  string(): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.#slice());
    } catch (cause) {
      throw decodeError("a text is not UTF-8", cause);
    }
  }

  /** A reader for a nested message. */
  message(): ProtoReader {
    return new ProtoReader(this.#slice());
  }

  /** Adds the values of a repeated number field, packed or not. */
  packed(into: number[]): void {
    if (this.#wireType === VARINT) {
      into.push(this.int());
      return;
    }
    const values = this.message();
    while (values.#position < values.#bytes.length) into.push(values.int());
  }

  /** Reads over a field that nobody knows. */
  skip(): void {
    if (this.#wireType === VARINT) this.#varint();
    else if (this.#wireType === LENGTH_DELIMITED) this.#slice();
    else if (this.#wireType === FIXED64) this.#take(8);
    else if (this.#wireType === FIXED32) this.#take(4);
    else throw decodeError(`wire type ${this.#wireType} is not known`);
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw decodeError(`wire type ${this.#wireType} in place of ${wireType}`);
  }

  #slice(): Uint8Array {
    this.#expect(LENGTH_DELIMITED);
    return this.#take(Number(this.#varint()));
  }

  #take(sizeBytes: number): Uint8Array {
    const end = this.#position + sizeBytes;
    if (end > this.#bytes.length) throw decodeError("a field is cut short");
    const slice = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return slice;
  }
}

/** The error for bytes that are no definition. */
export function decodeError(message: string, cause?: unknown): GraphError {
  return new GraphError("LLB_DECODE_FAILED", `not a valid LLB definition: ${message}`, {
    hint: "Pass the bytes of a pb.Definition, such as `buildctl debug dump-llb` reads.",
    ...(cause === undefined ? {} : { cause }),
  });
}
