import { finished, type Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { createSliceDecoder } from "./slice-decoder.ts";
import { StatusError } from "./status.ts";

/** So much may wait for whoever reads; below it the stream runs on. */
const QUEUE_BYTES = 1024 * 1024;
/** Larger pieces wait longer for the garbage collector. */
const JOINED_BYTES = 64 * 1024;

/**
 * The content of gRPC messages that hold a field of bytes and nothing else, as it comes. It listens for the pieces: whoever
 * reads a stream by its iterator gets what waits copied together.
 *
 * @throws StatusError as {@link createSliceDecoder}, and `INTERNAL` for a stream that ends within a message; what the
 * stream fails with
 */
export async function* readSlices(stream: Readable, limitBytes: number): AsyncGenerator<Uint8Array, void> {
  const decoder = createSliceDecoder(limitBytes);
  const queue = openQueue(stream);
  try {
    for (let chunks = await queue.take(); chunks.length > 0; chunks = await queue.take()) {
      yield* joined(chunks.flatMap((chunk) => decoder.decode(chunk)));
    }
    if (!decoder.isBetweenMessages()) throw new StatusError("INTERNAL", "the stream ended within a message");
  } finally {
    queue.close();
  }
}

/** HTTP/2 cuts everything into pieces of 16 KiB; what each of them costs on its way is more than a copy. */
function* joined(slices: readonly Buffer[]): Generator<Buffer, void> {
  let [pending, pendingBytes]: [Buffer[], number] = [[], 0];
  for (const slice of slices) {
    if (pendingBytes + slice.byteLength > JOINED_BYTES && pendingBytes > 0) {
      yield Buffer.concat(pending, pendingBytes);
      [pending, pendingBytes] = [[], 0];
    }
    pending.push(slice);
    pendingBytes += slice.byteLength;
  }
  if (pendingBytes > 0) yield Buffer.concat(pending, pendingBytes);
}

/** What a stream has given and nobody has taken yet. */
interface Queue {
  /** Waits until there is something; nothing at the end of the stream. */
  take(): Promise<readonly Buffer[]>;
  close(): void;
}

function openQueue(stream: Readable): Queue {
  let [chunks, sizeBytes]: [Buffer[], number] = [[], 0];
  let end: { readonly failure: unknown } | undefined;
  let wake = (): void => undefined;
  const collect = (chunk: Buffer): void => {
    chunks.push(chunk);
    sizeBytes += chunk.byteLength;
    if (sizeBytes >= QUEUE_BYTES) stream.pause();
    wake();
  };
  const unwatch = finished(stream, { writable: false }, (failure) => {
    end = { failure };
    wake();
  });
  stream.on("data", collect);
  return {
    async take() {
      while (chunks.length === 0 && end === undefined) {
        stream.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        // All that one turn of the event loop brings is taken together.
        await setImmediate();
      }
      if (chunks.length === 0 && end?.failure) throw end.failure;
      const taken = chunks;
      [chunks, sizeBytes] = [[], 0];
      return taken;
    },
    close() {
      unwatch();
      stream.off("data", collect);
    },
  };
}
