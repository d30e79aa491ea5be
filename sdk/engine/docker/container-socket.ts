import { Socket } from "node:net";
import { EngineError } from "../../core/errors.ts";
import { createStdioDecoder } from "./stdio-frames.ts";

const COMPLAINT_LIMIT_BYTES = 4096;

/**
 * The input and output of a process in a container as a socket, over the connection that docker handed over. It is a
 * `Socket` because HTTP/2 clients ask for one; nothing below it is one.
 */
export class ContainerSocket extends Socket {
  readonly #inner: Socket;
  #complaint = Buffer.alloc(0);

  /** Takes over the connection. */
  constructor(inner: Socket) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    const decode = createStdioDecoder();
    inner.on("data", (chunk: Buffer) => {
      for (const { stream, data } of decode(chunk)) {
        if (stream === "stderr") this.#note(data);
        else if (!this.push(data)) inner.pause();
      }
    });
    inner.once("end", () => this.#end());
    inner.once("error", (error) => this.destroy(error));
    inner.once("close", () => this.destroy());
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#inner.cork();
    chunks.forEach(({ chunk }, index) => {
      this.#inner.write(chunk, index === chunks.length - 1 ? done : undefined);
    });
    this.#inner.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#inner.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }

  #note(data: Uint8Array): void {
    if (this.#complaint.byteLength < COMPLAINT_LIMIT_BYTES) this.#complaint = Buffer.concat([this.#complaint, data]);
  }

  #end(): void {
    const complaint = this.#complaint.toString().trim().slice(0, COMPLAINT_LIMIT_BYTES);
    if (complaint === "") return void this.push(null);
    this.destroy(
      new EngineError("ENGINE_UNREACHABLE", `the way into the container broke: ${complaint}`, { retryable: true }),
    );
  }
}
