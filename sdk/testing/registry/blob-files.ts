import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createDigester, type Digest } from "../../core/digest.ts";
import { removeIfThere, sizeIfThere } from "./optional-file.ts";
import type { StorePaths } from "./store-paths.ts";

/** Blobs of repositories, and those that are being uploaded. */
export interface BlobFiles {
  /** The size of a blob that the repository holds. */
  blobSize(repository: string, digest: Digest): Promise<number | undefined>;
  readBlob(digest: Digest, range?: { readonly start: number; readonly end: number }): NodeJS.ReadableStream;
  linkBlob(repository: string, digest: Digest): Promise<void>;
  unlinkBlob(repository: string, digest: Digest): Promise<boolean>;

  startUpload(): Promise<string>;
  /** How much of an upload is there; undefined if there is no such upload. */
  uploadSize(id: string): Promise<number | undefined>;
  /** Adds to an upload and gives its size. */
  appendUpload(id: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  /** Makes an upload a blob of the repository, if it has the digest. The upload is gone in any case. */
  finishUpload(id: string, repository: string, digest: Digest): Promise<boolean>;
  dropUpload(id: string): Promise<void>;
}

/** Blobs in the files of a registry's directory. */
export function createBlobFiles(paths: StorePaths): BlobFiles {
  return {
    blobSize: async (repository, digest) =>
      (await sizeIfThere(paths.blobLink(repository, digest))) === undefined
        ? undefined
        : await sizeIfThere(paths.blob(digest)),
    readBlob: (digest, range) => createReadStream(paths.blob(digest), range),
    linkBlob: (repository, digest) => paths.write(paths.blobLink(repository, digest), ""),
    unlinkBlob: (repository, digest) => removeIfThere(paths.blobLink(repository, digest)),
    async startUpload() {
      const id = randomUUID();
      await writeFile(paths.upload(id), "", { flag: "wx" });
      return id;
    },
    uploadSize: (id) => sizeIfThere(paths.upload(id)),
    async appendUpload(id, content) {
      await pipeline(content, createWriteStream(paths.upload(id), { flags: "a" }));
      return (await sizeIfThere(paths.upload(id))) ?? 0;
    },
    async finishUpload(id, repository, digest) {
      const isRight = (await digestOfFile(paths.upload(id))) === digest;
      if (isRight) await becomeBlob(paths, id, digest);
      else await removeIfThere(paths.upload(id));
      if (isRight) await paths.write(paths.blobLink(repository, digest), "");
      return isRight;
    },
    async dropUpload(id) {
      await removeIfThere(paths.upload(id));
    },
  };
}

async function becomeBlob(paths: StorePaths, id: string, digest: Digest): Promise<void> {
  await syncFile(paths.upload(id));
  await rename(paths.upload(id), paths.blob(digest));
  await syncFile(paths.blobs);
}

async function digestOfFile(path: string): Promise<Digest> {
  const digester = createDigester();
  for await (const chunk of createReadStream(path)) digester.update(chunk);
  return digester.digest();
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
