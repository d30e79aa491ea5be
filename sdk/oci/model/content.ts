import type { Abortable } from "../../core/abort.ts";
import { createDigester, type Digest } from "../../core/digest.ts";
import { ContentError } from "../../core/errors.ts";
import type { Descriptor } from "./descriptor.ts";

/** Content as it flows: never whole in memory. */
export type ContentStream = AsyncIterable<Uint8Array>;

/** What content must be to be believed. */
export type Expected = Pick<Descriptor, "digest" | "size">;

/** What content is asked for by: where manifests lie apart from blobs, its media type tells which it is. */
export type ContentKey = Expected & { readonly mediaType?: string };

/** Options of reading small content whole. */
export interface ReadOptions extends Abortable {
  /** Content that its descriptor says is larger is refused. Default 4 MiB, enough for manifests and configs. */
  readonly limitBytes?: number | undefined;
}

/** A place that content can be read from by its descriptor: a cache, a repository. What comes out is verified. */
export interface ContentReader {
  /** @throws ContentError `CONTENT_NOT_FOUND`, `CONTENT_DIGEST_MISMATCH`, `CONTENT_SIZE_MISMATCH` */
  openBlob(descriptor: ContentKey, options?: Abortable): ContentStream;
  /** @throws ContentError as {@link ContentReader.openBlob}, and `CONTENT_SIZE_MISMATCH` above the limit */
  readBlob(descriptor: ContentKey, options?: ReadOptions): Promise<Uint8Array>;
}

/** A reader that has small content that is read whole, such as manifests, read once; what fails is read again. */
export function rememberingReader(reader: ContentReader): ContentReader {
  const read = new Map<Digest, Promise<Uint8Array>>();
  return Object.freeze<ContentReader>({
    openBlob: reader.openBlob,
    readBlob(descriptor, options) {
      const { digest } = descriptor;
      const content = read.get(digest) ?? reader.readBlob(descriptor, options);
      read.set(digest, content);
      content.catch(() => read.delete(digest));
      return content;
    },
  });
}

/** How content is stored. */
export interface WriteOptions extends Abortable {
  /** What the content must be; without it, it is taken as it comes. */
  readonly expected?: Expected | { readonly digest: Digest } | undefined;
}

/** A place that content can be put into, too. */
export interface ContentStore extends ContentReader {
  /** True if the content is there with that size; it is verified when it is read. */
  hasBlob(descriptor: Expected): Promise<boolean>;
  /**
   * Stores content under its digest. Until it is whole, verified and safe on disk, it is not there; a failure leaves
   * nothing.
   *
   * @throws ContentError `CONTENT_DIGEST_MISMATCH`, `CONTENT_SIZE_MISMATCH`, `CONTENT_WRITE_FAILED`
   */
  writeBlob(content: ContentStream | Uint8Array, options?: WriteOptions): Promise<Expected>;
}

/**
 * Passes content on and fails at its end if it was not what was expected; what exceeds the size is never passed on.
 *
 * @param origin - where the content comes from, for messages
 * @throws ContentError `CONTENT_DIGEST_MISMATCH`, `CONTENT_SIZE_MISMATCH`
 */
export async function* verifyContent(
  content: ContentStream | Iterable<Uint8Array>,
  expected: Expected,
  origin: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digester = createDigester();
  for await (const chunk of limitContent(content, expected, origin)) {
    digester.update(chunk);
    yield chunk;
  }
  checkDigest(expected.digest, digester.digest(), origin);
}

/**
 * As {@link verifyContent}, but looks at the size alone: for those who compute the digest anyway.
 *
 * @throws ContentError `CONTENT_SIZE_MISMATCH`
 */
export async function* limitContent(
  content: ContentStream | Iterable<Uint8Array>,
  expected: Expected,
  origin: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sizeBytes = 0;
  for await (const chunk of content) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > expected.size) throw sizeMismatch(expected, `more than ${expected.size}`, origin);
    yield chunk;
  }
  if (sizeBytes !== expected.size) throw sizeMismatch(expected, `only ${sizeBytes}`, origin);
}

/** Reads verified content whole. @throws ContentError `CONTENT_DIGEST_MISMATCH`, `CONTENT_SIZE_MISMATCH` */
export async function readVerified(
  content: ContentStream,
  expected: Expected,
  limitBytes: number,
  origin: string,
): Promise<Uint8Array> {
  checkLimit(expected, limitBytes, origin);
  const chunks: Uint8Array[] = [];
  for await (const chunk of verifyContent(content, expected, origin)) chunks.push(chunk);
  return concatBytes(chunks);
}

/** Joins pieces. */
export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sizeBytes, chunk) => sizeBytes + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

/** @throws ContentError `CONTENT_DIGEST_MISMATCH` if the digests differ */
export function checkDigest(expected: Digest, actual: Digest, origin: string): void {
  if (expected === actual) return;
  throw new ContentError("CONTENT_DIGEST_MISMATCH", `${origin}: content named ${expected} has the digest ${actual}`, {
    hint: "The content was damaged or exchanged; fetch or build it again.",
    details: { expected, actual },
  });
}

function checkLimit(expected: Expected, limitBytes: number, origin: string): void {
  if (expected.size <= limitBytes) return;
  throw sizeMismatch(expected, `${expected.size}, which is more than the limit of ${limitBytes}`, origin);
}

function sizeMismatch(expected: Expected, actual: string, origin: string): ContentError {
  return new ContentError("CONTENT_SIZE_MISMATCH", `${origin}: ${expected.digest} has ${actual} bytes`, {
    hint: "The content was cut off or exchanged; fetch or build it again.",
    details: { digest: expected.digest, sizeBytes: expected.size },
  });
}
