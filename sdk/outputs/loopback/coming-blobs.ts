import type { Abortable } from "../../core/abort.ts";
import type { Digest } from "../../core/digest.ts";

/** Blobs that are there, or are coming. */
export interface ComingBlobs {
  /** Gives the size of a blob; undefined means that whoever asks is the one to send it. */
  ask(digest: Digest): Promise<number | undefined>;
  /** Says that a blob is coming: others that ask for it wait. Fails as that does. */
  receive(digest: Digest, arrival: Promise<number>): Promise<void>;
}

/** What is known of a blob: its size, undefined once it will not come. */
interface Expected {
  readonly size: Promise<number | undefined>;
  /** There while somebody was told that it is not there, and has not begun to send it. Tells those who wait that it has begun. */
  readonly begin?: (size: Promise<number | undefined>) => void;
}

/** BuildKit's pushers go on within some milliseconds; who has not begun by then may be gone. */
const PROMISE_MS = 1000;

/**
 * Remembers blobs. Nobody says with the beginning of an upload what it will hold, only with its content; but whoever asked
 * for a blob and heard that it is not there sends it next. Others that ask meanwhile wait for that, for a bounded time.
 *
 * @param find - size of a blob that is there from before
 */
export function createComingBlobs(
  find: (digest: Digest) => Promise<number | undefined>,
  { signal }: Abortable = {},
): ComingBlobs {
  const blobs = new Map<Digest, Expected>();

  async function ask(digest: Digest): Promise<number | undefined> {
    const known = blobs.get(digest) ?? { size: find(digest) };
    blobs.set(digest, known);
    const size = await known.size;
    if (size !== undefined) return size;
    const now = blobs.get(digest);
    if (now !== undefined && now !== known) return await ask(digest);
    if (!signal?.aborted) blobs.set(digest, createPromise());
    return undefined;
  }

  signal?.addEventListener("abort", () => {
    for (const { begin } of blobs.values()) begin?.(Promise.resolve(undefined));
  });

  return {
    ask,
    async receive(digest, arrival) {
      const size = arrival.catch(() => undefined);
      const coming: Expected = { size };
      blobs.get(digest)?.begin?.(size);
      blobs.set(digest, coming);
      await arrival.catch((cause: unknown) => {
        if (blobs.get(digest) === coming) blobs.delete(digest);
        throw cause;
      });
    },
  };
}

function createPromise(): Expected {
  let begin: (size: Promise<number | undefined>) => void = () => {};
  const size = new Promise<number | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), PROMISE_MS);
    begin = (coming) => {
      clearTimeout(timer);
      resolve(coming);
    };
  });
  return { size, begin };
}
