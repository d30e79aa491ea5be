import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createDigester, type Digest, digestHex, isDigest } from "../../core/digest.ts";
import { replaceFile } from "../../oci/layout/durable-file.ts";
import { hasErrorCode } from "../../oci/layout/write-error.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import { parseDescriptor } from "../../oci/model/descriptor.ts";

/** A manifest that a repository holds. */
export interface HeldManifest {
  readonly digest: Digest;
  readonly mediaType: string;
}

/**
 * A registry's directory: content by digest in `blobs`, and for each repository small files that say what of it is the
 * repository's and what its tags stand for. Every change is one rename, so that a crash leaves the old or the new.
 */
export interface RegistryStore {
  /** The size of a blob that the repository holds. */
  blobSize(repository: string, digest: Digest): Promise<number | undefined>;
  readBlob(digest: Digest, range?: { readonly start: number; readonly end: number }): NodeJS.ReadableStream;
  linkBlob(repository: string, digest: Digest): Promise<void>;
  unlinkBlob(repository: string, digest: Digest): Promise<boolean>;

  startUpload(): Promise<string>;
  /** How much of an upload is there; undefined if there is no such upload. */
  uploadSize(id: string): Promise<number | undefined>;
  appendUpload(id: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  /** Makes an upload a blob of the repository, if it has the digest. The upload is gone in any case. */
  finishUpload(id: string, repository: string, digest: Digest): Promise<boolean>;
  dropUpload(id: string): Promise<void>;

  putManifest(repository: string, manifest: HeldManifest, content: Uint8Array): Promise<void>;
  findManifest(repository: string, digest: Digest): Promise<HeldManifest | undefined>;
  readManifest(digest: Digest): Promise<Uint8Array>;
  /** Removes a manifest and the tags that stand for it. */
  deleteManifest(repository: string, digest: Digest): Promise<boolean>;

  setTag(repository: string, tag: string, digest: Digest): Promise<void>;
  resolveTag(repository: string, tag: string): Promise<Digest | undefined>;
  deleteTag(repository: string, tag: string): Promise<boolean>;
  /** Sorted; undefined if there is no such repository. */
  listTags(repository: string): Promise<readonly string[] | undefined>;

  addReferrer(repository: string, subject: Digest, referrer: Descriptor): Promise<void>;
  listReferrers(repository: string, subject: Digest): Promise<readonly Descriptor[]>;
}

/** Opens the store in a directory, which is made if it is not there. */
export async function openRegistryStore(directory: string): Promise<RegistryStore> {
  const incoming = join(directory, "incoming");
  const blobPath = (digest: Digest) => join(directory, "blobs", "sha256", digestHex(digest));
  const uploadPath = (id: string) => join(directory, "uploads", id);
  const repositoryPath = (repository: string, ...rest: readonly string[]) =>
    join(directory, "repositories", repository, ...rest);
  const linkPath = (repository: string, digest: Digest) => repositoryPath(repository, "_blobs", digestHex(digest));
  const manifestPath = (repository: string, digest: Digest) =>
    repositoryPath(repository, "_manifests", digestHex(digest));
  const tagPath = (repository: string, tag: string) => repositoryPath(repository, "_tags", tag);
  const referrersPath = (repository: string, subject: Digest) =>
    repositoryPath(repository, "_referrers", digestHex(subject));

  async function write(path: string, content: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await replaceFile(path, content, incoming);
  }

  async function resolveTag(repository: string, tag: string): Promise<Digest | undefined> {
    const text = await readIfThere(tagPath(repository, tag));
    return text !== undefined && isDigest(text) ? text : undefined;
  }

  await Promise.all(
    [join(directory, "blobs", "sha256"), join(directory, "uploads"), join(directory, "repositories"), incoming].map(
      (path) => mkdir(path, { recursive: true }),
    ),
  );

  return {
    blobSize: async (repository, digest) =>
      (await exists(linkPath(repository, digest))) ? await sizeOf(blobPath(digest)) : undefined,
    readBlob: (digest, range) => createReadStream(blobPath(digest), range),
    linkBlob: (repository, digest) => write(linkPath(repository, digest), ""),
    unlinkBlob: (repository, digest) => remove(linkPath(repository, digest)),

    async startUpload() {
      const id = randomUUID();
      await writeFile(uploadPath(id), "", { flag: "wx" });
      return id;
    },
    uploadSize: (id) => sizeOf(uploadPath(id)),
    async appendUpload(id, content) {
      await pipeline(content, createWriteStream(uploadPath(id), { flags: "a" }));
      return (await sizeOf(uploadPath(id))) ?? 0;
    },
    async finishUpload(id, repository, digest) {
      const path = uploadPath(id);
      if ((await digestOfFile(path)) !== digest) {
        await remove(path);
        return false;
      }
      await syncFile(path);
      await rename(path, blobPath(digest));
      await syncFile(dirname(blobPath(digest)));
      await write(linkPath(repository, digest), "");
      return true;
    },
    dropUpload: async (id) => {
      await remove(uploadPath(id));
    },

    async putManifest(repository, { digest, mediaType }, content) {
      await replaceFile(blobPath(digest), content, incoming);
      await write(manifestPath(repository, digest), mediaType);
    },
    async findManifest(repository, digest) {
      const mediaType = await readIfThere(manifestPath(repository, digest));
      return mediaType === undefined ? undefined : { digest, mediaType };
    },
    readManifest: (digest) => readFile(blobPath(digest)),
    async deleteManifest(repository, digest) {
      if (!(await remove(manifestPath(repository, digest)))) return false;
      for (const tag of await namesIn(repositoryPath(repository, "_tags"))) {
        if ((await resolveTag(repository, tag)) === digest) await remove(tagPath(repository, tag));
      }
      for (const subject of await namesIn(repositoryPath(repository, "_referrers"))) {
        await remove(repositoryPath(repository, "_referrers", subject, digestHex(digest)));
      }
      return true;
    },

    setTag: (repository, tag, digest) => write(tagPath(repository, tag), digest),
    resolveTag,
    deleteTag: (repository, tag) => remove(tagPath(repository, tag)),
    async listTags(repository) {
      const isKnown = await exists(repositoryPath(repository, "_manifests"));
      return isKnown ? (await namesIn(repositoryPath(repository, "_tags"))).sort() : undefined;
    },

    addReferrer: (repository, subject, referrer) =>
      write(join(referrersPath(repository, subject), digestHex(referrer.digest)), JSON.stringify(referrer)),
    async listReferrers(repository, subject) {
      const path = referrersPath(repository, subject);
      const names = (await namesIn(path)).sort();
      const texts = await Promise.all(names.map((name) => readFile(join(path, name), "utf8")));
      return texts.map((text) => parseDescriptor(JSON.parse(text), path));
    },
  };
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

async function readIfThere(path: string): Promise<string | undefined> {
  return await absentAsUndefined(readFile(path, "utf8"));
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await absentAsUndefined(stat(path)))?.size;
}

async function exists(path: string): Promise<boolean> {
  return (await absentAsUndefined(stat(path))) !== undefined;
}

async function namesIn(path: string): Promise<string[]> {
  return (await absentAsUndefined(readdir(path))) ?? [];
}

/** True if there was something to remove. */
async function remove(path: string): Promise<boolean> {
  return (await absentAsUndefined(rm(path).then(() => true))) ?? false;
}

async function absentAsUndefined<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action;
  } catch (cause) {
    if (hasErrorCode(cause, "ENOENT", "ENOTDIR")) return undefined;
    throw cause;
  }
}
