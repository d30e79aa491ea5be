import { Writable } from "node:stream";

/** A stream that keeps what is written; a terminal if it is given a size. */
export class MemoryStream extends Writable {
  readonly chunks: string[] = [];
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;

  constructor(terminal?: { readonly columns: number; readonly rows: number }) {
    super({ decodeStrings: false });
    this.isTTY = terminal !== undefined;
    this.columns = terminal?.columns ?? 80;
    this.rows = terminal?.rows ?? 24;
  }

  override _write(chunk: string, _encoding: string, callback: () => void): void {
    this.chunks.push(chunk);
    callback();
  }

  get text(): string {
    return this.chunks.join("");
  }
}
