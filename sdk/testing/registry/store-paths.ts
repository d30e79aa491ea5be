import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Digest, digestHex } from "../../core/digest.ts";
import { replaceFile } from "../../oci/layout/durable-file.ts";

/**
 * The files of a registry's directory: content by digest in `blobs`, and for each repository small files that say what of
 * it is the repository's and what its tags stand for. No part of a repository's name starts with an underscore, so that
 * the two cannot meet.
 */
export interface StorePaths {
  readonly blobs: string;
  readonly uploads: string;
  blob(digest: Digest): string;
  upload(id: string): string;
  /** Is there if the blob is the repository's. */
  blobLink(repository: string, digest: Digest): string;
  manifests(repository: string): string;
  /** Holds the media type. */
  manifest(repository: string, digest: Digest): string;
  tags(repository: string): string;
  /** Holds the digest. */
  tag(repository: string, tag: string): string;
  allReferrers(repository: string): string;
  referrers(repository: string, subject: Digest): string;
  /** Replaces a file at once: a crash leaves the old or the new. */
  write(path: string, content: string | Uint8Array): Promise<void>;
}

/** Makes the directory if it is not there. */
export async function createStorePaths(directory: string): Promise<StorePaths> {
  const [blobs, uploads, incoming] = [
    join(directory, "blobs", "sha256"),
    join(directory, "uploads"),
    join(directory, "incoming"),
  ];
  const of = (repository: string, ...rest: readonly string[]) => join(directory, "repositories", repository, ...rest);
  for (const path of [blobs, uploads, incoming]) await mkdir(path, { recursive: true });
  return Object.freeze<StorePaths>({
    blobs,
    uploads,
    blob: (digest) => join(blobs, digestHex(digest)),
    upload: (id) => join(uploads, id),
    blobLink: (repository, digest) => of(repository, "_blobs", digestHex(digest)),
    manifests: (repository) => of(repository, "_manifests"),
    manifest: (repository, digest) => of(repository, "_manifests", digestHex(digest)),
    tags: (repository) => of(repository, "_tags"),
    tag: (repository, tag) => of(repository, "_tags", tag),
    allReferrers: (repository) => of(repository, "_referrers"),
    referrers: (repository, subject) => of(repository, "_referrers", digestHex(subject)),
    async write(path, content) {
      await mkdir(dirname(path), { recursive: true });
      await replaceFile(path, content, incoming);
    },
  });
}
