import type { FileHandle } from "node:fs/promises";

/** Writes a file from its beginning to its end while the next chunks come. */
export interface GatheringWriter {
  /** Takes a copy; resolves when there is room for more. Fails if what came before could not be written. */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when all is written. */
  finish(): Promise<void>;
  /** Resolves when nothing is being written any more, whether that went well or not. */
  settled(): Promise<void>;
}

/** So much is written with one call: with a call for each chunk most of the time goes into waiting for it. */
const GATHERED_BYTES = 512 * 1024;

/** Creates one that owns the file's position; it does not close the file. */
export function createGatheringWriter(handle: FileHandle): GatheringWriter {
  let [gathering, gatheredBytes]: [Uint8Array, number] = [new Uint8Array(0), 0];
  /** Takes turns with the other: one is written while one is filled. */
  let spare = gathering;
  let underWay: Promise<void> = Promise.resolve();
  let failure: { readonly cause: unknown } | undefined;

  async function flush(): Promise<void> {
    await underWay;
    if (failure) throw failure.cause;
    const full = gathering.subarray(0, gatheredBytes);
    [gathering, spare, gatheredBytes] = [spare, gathering, 0];
    underWay = writeAll(handle, full).catch((cause: unknown) => {
      failure = { cause };
    });
  }

  return {
    async write(chunk) {
      for (let rest = chunk; rest.byteLength > 0; ) {
        if (gathering.byteLength === 0) gathering = Buffer.allocUnsafeSlow(GATHERED_BYTES);
        const part = rest.subarray(0, GATHERED_BYTES - gatheredBytes);
        gathering.set(part, gatheredBytes);
        gatheredBytes += part.byteLength;
        rest = rest.subarray(part.byteLength);
        if (gatheredBytes === GATHERED_BYTES) await flush();
      }
    },
    async finish() {
      await flush();
      await underWay;
      if (failure) throw failure.cause;
    },
    settled: () => underWay,
  };
}

/** A disk that is almost full takes a part. */
async function writeAll(handle: FileHandle, content: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < content.byteLength) offset += (await handle.write(content, offset)).bytesWritten;
}
