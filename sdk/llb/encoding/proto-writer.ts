const INITIAL_SIZE_BYTES = 1024;
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/**
 * Writes protobuf exactly as Go's deterministic encoder does: the caller keeps the order of fields,
 * this class leaves out what is zero and sorts maps. One writer can make many messages, one after the other.
 */
export class ProtoWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_SIZE_BYTES);
  #length = 0;

  /** A copy of what was written; the writer is empty afterwards. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    bytes.set(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return bytes;
  }

  /** int32, int64, uint32, uint64, bool or enum; zero is left out. */
  int(field: number, value: number | bigint): void {
    if (value !== 0 && value !== 0n) this.intAlways(field, value);
  }

  /** As {@link ProtoWriter.int}, but zero is written: for members of a oneof. */
  intAlways(field: number, value: number | bigint): void {
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  bool(field: number, value: boolean | undefined): void {
    if (value === true) this.intAlways(field, 1);
  }

  /** The empty string is left out. */
  string(field: number, value: string | undefined): void {
    if (value !== undefined && value !== "") this.stringAlways(field, value);
  }

  /** For elements of lists and for entries of maps, where the empty string counts. */
  stringAlways(field: number, value: string): void {
    this.#reserve(value.length * 3 + 16);
    const mark = this.begin(field);
    const end = this.#ascii(value);
    this.#length = end >= 0 ? end : this.#length + this.#buffer.write(value, this.#length, "utf8");
    this.end(mark);
  }

  strings(field: number, values: readonly string[] | undefined): void {
    for (const value of values ?? []) this.stringAlways(field, value);
  }

  /** Empty bytes are left out. */
  bytes(field: number, value: Uint8Array | undefined): void {
    if (value !== undefined && value.length > 0) this.bytesAlways(field, value);
  }

  bytesAlways(field: number, value: Uint8Array): void {
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  packed(field: number, values: readonly number[] | undefined): void {
    if (values === undefined || values.length === 0) return;
    const mark = this.begin(field);
    for (const value of values) this.#varint(value);
    this.end(mark);
  }

  /** `map<string,string>`: sorted by the keys' bytes, both members of each entry always present. */
  map(field: number, entries: Readonly<Record<string, string>> | undefined): void {
    if (entries === undefined) return;
    for (const key of Object.keys(entries).sort(compareUtf8)) {
      const mark = this.begin(field);
      this.stringAlways(1, key);
      this.stringAlways(2, entries[key] ?? "");
      this.end(mark);
    }
  }

  /** Starts a nested message; hand what it returns to {@link ProtoWriter.end}. */
  begin(field: number): number {
    this.#tag(field, LENGTH_DELIMITED);
    this.#reserve(1);
    this.#length += 1;
    return this.#length;
  }

  /** Ends a nested message: writes its length before it. */
  end(mark: number): void {
    const size = this.#length - mark;
    if (size < 0x80) {
      this.#buffer[mark - 1] = size;
      return;
    }
    const extra = varintSize(size) - 1;
    this.#reserve(extra);
    this.#buffer.copyWithin(mark + extra, mark, this.#length);
    const end = this.#length + extra;
    this.#length = mark - 1;
    this.#varint(size);
    this.#length = end;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === "bigint" || value < 0 || value > 0x7fffffff) {
      this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
      return;
    }
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#length++] = rest;
  }

  #bigVarint(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  /** Writes short ASCII without leaving JavaScript; -1 if the text is something else. */
  #ascii(value: string): number {
    if (value.length > 128) return -1;
    const buffer = this.#buffer;
    let position = this.#length;
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) return -1;
      buffer[position++] = unit;
    }
    return position;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
}

/** Orders texts by their UTF-8 bytes, which is the order of code points and differs from JavaScript's own. */
export function compareUtf8(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codePointRank(a) - codePointRank(b);
  }
  return left.length - right.length;
}

/** Halves of surrogate pairs stand for code points above all that fit one unit. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
