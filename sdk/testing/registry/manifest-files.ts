import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestHex, isDigest } from "../../core/digest.ts";
import { type Descriptor, parseDescriptor } from "../../oci/model/descriptor.ts";
import { namesIn, readIfThere, removeIfThere } from "./optional-file.ts";
import type { StorePaths } from "./store-paths.ts";

/** A manifest that a repository holds. */
export interface HeldManifest {
  readonly digest: Digest;
  readonly mediaType: string;
}

/** Manifests, tags and referrers of repositories. */
export interface ManifestFiles {
  putManifest(repository: string, manifest: HeldManifest, content: Uint8Array): Promise<void>;
  findManifest(repository: string, digest: Digest): Promise<HeldManifest | undefined>;
  readManifest(digest: Digest): Promise<Uint8Array>;
  /** Removes a manifest, the tags that stand for it, and what it said of another. */
  deleteManifest(repository: string, digest: Digest): Promise<boolean>;

  setTag(repository: string, tag: string, digest: Digest): Promise<void>;
  resolveTag(repository: string, tag: string): Promise<Digest | undefined>;
  deleteTag(repository: string, tag: string): Promise<boolean>;
  /** Sorted; undefined if there is no such repository. */
  listTags(repository: string): Promise<readonly string[] | undefined>;

  addReferrer(repository: string, subject: Digest, referrer: Descriptor): Promise<void>;
  listReferrers(repository: string, subject: Digest): Promise<readonly Descriptor[]>;
}

/** Manifests in the files of a registry's directory. */
export function createManifestFiles(paths: StorePaths): ManifestFiles {
  async function resolveTag(repository: string, tag: string): Promise<Digest | undefined> {
    const text = await readIfThere(paths.tag(repository, tag));
    return text !== undefined && isDigest(text) ? text : undefined;
  }

  return {
    async putManifest(repository, { digest, mediaType }, content) {
      await paths.write(paths.blob(digest), content);
      await paths.write(paths.manifest(repository, digest), mediaType);
    },
    async findManifest(repository, digest) {
      const mediaType = await readIfThere(paths.manifest(repository, digest));
      return mediaType === undefined ? undefined : { digest, mediaType };
    },
    readManifest: (digest) => readFile(paths.blob(digest)),
    async deleteManifest(repository, digest) {
      for (const tag of await namesIn(paths.tags(repository))) {
        if ((await resolveTag(repository, tag)) === digest) await removeIfThere(paths.tag(repository, tag));
      }
      for (const subject of await namesIn(paths.allReferrers(repository))) {
        await removeIfThere(join(paths.allReferrers(repository), subject, digestHex(digest)));
      }
      return await removeIfThere(paths.manifest(repository, digest));
    },

    setTag: (repository, tag, digest) => paths.write(paths.tag(repository, tag), digest),
    resolveTag,
    deleteTag: (repository, tag) => removeIfThere(paths.tag(repository, tag)),
    async listTags(repository) {
      const isKnown = (await namesIn(paths.manifests(repository))).length > 0;
      return isKnown ? await namesIn(paths.tags(repository)) : undefined;
    },

    addReferrer: (repository, subject, referrer) =>
      paths.write(join(paths.referrers(repository, subject), digestHex(referrer.digest)), JSON.stringify(referrer)),
    async listReferrers(repository, subject) {
      const directory = paths.referrers(repository, subject);
      const names = await namesIn(directory);
      const texts = await Promise.all(names.map((name) => readFile(join(directory, name), "utf8")));
      return texts.map((text) => parseDescriptor(JSON.parse(text), directory));
    },
  };
}
