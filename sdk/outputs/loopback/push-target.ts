import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { type Digest, digestHex, isDigest } from "../../core/digest.ts";
import type { Cache } from "../../oci/layout/cache.ts";
import { type ContentStream, concatBytes } from "../../oci/model/content.ts";
import { MANIFEST_LIMIT_BYTES } from "../../oci/model/manifest.ts";
import { createComingBlobs } from "./coming-blobs.ts";

/** A request of the distribution API within a repository. */
export interface PushRequest {
  readonly method: string;
  /** The path of the repository. */
  readonly base: string;
  /** The path below it. */
  readonly rest: string;
  readonly url: URL;
  readonly body: ContentStream;
}

/** What is answered. */
export interface PushAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
}

/** Takes what is pushed. */
export interface PushTarget {
  /** @throws ContentError `CONTENT_DIGEST_MISMATCH`, `CONTENT_WRITE_FAILED` */
  answer(request: PushRequest): Promise<PushAnswer>;
}

/**
 * Takes pushes into a cache: blobs in one piece, and manifests under their digests. A blob that the cache holds, or that
 * is on its way from somebody else, is not sent.
 *
 * @source https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs-monolithically
 */
export function createPushTarget(cache: Cache, { signal }: Abortable = {}): PushTarget {
  const blobs = createComingBlobs((digest) => verifiedSize(cache, digest), { signal });

  async function store(content: ContentStream | Uint8Array, digest: Digest): Promise<void> {
    await blobs.receive(
      digest,
      cache.writeBlob(content, { expected: { digest } }).then(({ size }) => size),
    );
  }

  return {
    async answer({ method, base, rest, url, body }) {
      const blob = digestAfter("blobs/", rest);
      if (method === "HEAD" && blob !== undefined) return found(blob, await blobs.ask(blob));
      if (method === "POST" && rest === "blobs/uploads/") {
        return { status: 202, headers: { location: `${base}/blobs/uploads/${randomUUID()}`, "content-length": 0 } };
      }
      const uploaded = url.searchParams.get("digest") ?? "";
      if (method === "PUT" && rest.startsWith("blobs/uploads/") && isDigest(uploaded)) {
        await store(body, uploaded);
        return created(uploaded);
      }
      const manifest = digestAfter("manifests/", rest);
      if (method === "PUT" && manifest !== undefined) {
        await store(await readManifest(body), manifest);
        return created(manifest);
      }
      return { status: 404 };
    },
  };
}

function digestAfter(prefix: string, path: string): Digest | undefined {
  const text = path.startsWith(prefix) ? decodeURIComponent(path.slice(prefix.length)) : "";
  return isDigest(text) ? text : undefined;
}

function found(digest: Digest, sizeBytes: number | undefined): PushAnswer {
  if (sizeBytes === undefined) return { status: 404 };
  return { status: 200, headers: { "content-length": sizeBytes, "docker-content-digest": digest } };
}

function created(digest: Digest): PushAnswer {
  return { status: 201, headers: { "docker-content-digest": digest, "content-length": 0 } };
}

/** Who asks knows no size that the file could be held against, so it is read: still less than what sending would be. */
async function verifiedSize(cache: Cache, digest: Digest): Promise<number | undefined> {
  try {
    const { size } = await stat(join(cache.directory, "blobs", "sha256", digestHex(digest)));
    for await (const _chunk of cache.openBlob({ digest, size }));
    return size;
  } catch {
    return undefined;
  }
}

async function readManifest(body: ContentStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MANIFEST_LIMIT_BYTES) break;
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}
