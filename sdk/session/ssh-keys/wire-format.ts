import { InputError } from "../../core/errors.ts";

/**
 * Reads the data types of the ssh protocol one after the other.
 *
 * @source https://www.rfc-editor.org/rfc/rfc4251.html#section-5
 */
export class SshReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @throws InputError `INPUT_SSH_AGENT_UNUSABLE` past the end, as the other methods do */
  uint32(): number {
    return this.take(4).readUInt32BE(0);
  }

  /** Bytes with their length before them. */
  string(): Buffer {
    return this.take(this.uint32());
  }

  text(): string {
    return this.string().toString("utf8");
  }

  /** A positive number, without leading zeros. */
  number(): Buffer {
    const bytes = this.string();
    const start = bytes.findIndex((byte) => byte !== 0);
    return start === -1 ? Buffer.alloc(0) : bytes.subarray(start);
  }

  take(lengthBytes: number): Buffer {
    const end = this.#offset + lengthBytes;
    if (end > this.#bytes.byteLength) {
      throw new InputError("INPUT_SSH_AGENT_UNUSABLE", "the data of an ssh key ends too early");
    }
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }
}

/** A 32-bit number. */
export function encodeUint32(value: number): Buffer {
  const encoded = Buffer.allocUnsafe(4);
  encoded.writeUInt32BE(value, 0);
  return encoded;
}

/** Bytes or a text with their length before them. */
export function encodeString(value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([encodeUint32(bytes.byteLength), bytes]);
}

/** A positive number: without leading zeros, but for one where it would look negative. */
export function encodeNumber(value: Uint8Array): Buffer {
  const start = value.findIndex((byte) => byte !== 0);
  const digits = start === -1 ? new Uint8Array() : value.subarray(start);
  const sign = (digits[0] ?? 0) >= 0x80 ? [Uint8Array.of(0)] : [];
  return encodeString(Buffer.concat([...sign, digits]));
}
