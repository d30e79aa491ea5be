import { createHash, type Hash } from "node:crypto";

/** The digest of some bytes, as OCI writes it: `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}` & { readonly __brand: "Digest" };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** True if the text is a sha256 digest in canonical form. */
export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** The sha256 digest of bytes or of a text's UTF-8. */
export function digestOf(content: Uint8Array | string): Digest {
  return finish(createHash("sha256").update(content));
}

/** The 64 hex digits of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** A running digest for content that arrives in pieces. */
export interface Digester {
  update(chunk: Uint8Array): void;
  /** The digest of all pieces so far; call it once. */
  digest(): Digest;
  readonly sizeBytes: number;
}

/** Starts a running digest. */
export function createDigester(): Digester {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  return {
    update(chunk) {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
    },
    digest: () => finish(hash),
    get sizeBytes() {
      return sizeBytes;
    },
  };
}

function finish(hash: Hash): Digest {
  const text = `sha256:${hash.digest("hex")}`;
  if (!isDigest(text)) throw new TypeError(`not a digest: ${text}`);
  return text;
}
