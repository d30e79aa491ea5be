import type { Abortable } from "../../core/abort.ts";
import type { Digest } from "../../core/digest.ts";
import type { TokenFetcher } from "../../credentials/credential-source.ts";
import type { ContentReader, ContentStream, Expected } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import type { Reference } from "../model/reference.ts";
import { openBlob } from "./blob-download.ts";
import { checkPush, hasBlob, type UploadOptions, uploadBlob } from "./blobs.ts";
import { putManifest } from "./manifest-push.ts";
import { deleteManifest, findManifest, getManifest, resolveManifest, type StoredManifest } from "./manifests.ts";
import { addReferrers, listReferrers, readReferrersTag } from "./referrers.ts";
import { createRepositoryReader } from "./repository-reader.ts";
import { listFewTags, listTags } from "./tags.ts";
import { createTransport, type Repository, type TransportOptions } from "./transport.ts";

/** How registries are reached and who we are there. */
export type RegistryClientOptions = TransportOptions;

/**
 * Talks to registries. Every method throws RegistryError: `REGISTRY_UNAUTHORIZED` (401), `REGISTRY_FORBIDDEN` (403),
 * `REGISTRY_NOT_FOUND` (404), `REGISTRY_RATE_LIMITED` (429), `REGISTRY_UNAVAILABLE` (5xx), `REGISTRY_TLS`,
 * `REGISTRY_UNREACHABLE`, `REGISTRY_PROTOCOL`, else `REGISTRY_REJECTED`. What can be done twice is repeated after network
 * faults, 429 and 5xx, with pauses.
 *
 * @source https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export interface RegistryClient {
  /** What a tag or digest stands for; undefined only if the registry says that there is no such thing (404). */
  resolveManifest(reference: Reference, options?: Abortable): Promise<Descriptor | undefined>;
  /** A manifest's bytes, verified. */
  getManifest(reference: Reference, options?: Abortable): Promise<StoredManifest>;
  /** The same, or undefined if the registry says that there is no such thing (404). One request, where resolving and reading are two. */
  findManifest(reference: Reference, options?: Abortable): Promise<StoredManifest | undefined>;
  /** What says of itself that it is about a manifest: signatures, lists of materials; also at registries that cannot be asked for them. */
  listReferrers(
    repository: Repository,
    subject: Digest,
    options?: Abortable & { readonly artifactType?: string | undefined },
  ): Promise<readonly Descriptor[]>;
  /**
   * Adds to the list of what is about a manifest, under the tag that the specification has for registries which keep no
   * such list: for manifests that do not say themselves what they are about.
   */
  noteReferrers(
    repository: Repository,
    subject: Digest,
    referrers: readonly Descriptor[],
    options?: Abortable,
  ): Promise<void>;
  /** What is noted under that tag. */
  notedReferrers(repository: Repository, subject: Digest, options?: Abortable): Promise<readonly Descriptor[]>;
  /** Stores a manifest under its tag or digest; what it refers to must be there. */
  putManifest(
    reference: Reference,
    manifest: { readonly content: Uint8Array; readonly mediaType: string },
    options?: Abortable,
  ): Promise<Descriptor>;
  /** Removes a manifest by digest, or a tag where the registry can do that. */
  deleteManifest(reference: Reference, options?: Abortable): Promise<void>;
  /** All tags of a repository. */
  listTags(repository: Repository, options?: Abortable): Promise<readonly string[]>;
  /** All tags of a repository if the registry tells them in one answer; undefined if it does not. */
  listFewTags(repository: Repository, options?: Abortable): Promise<ReadonlySet<string> | undefined>;
  /** True if a repository holds a blob. */
  hasBlob(repository: Repository, blob: Expected, options?: Abortable): Promise<boolean>;
  /** A blob's bytes; the stream fails at its end if they are not what was expected. */
  openBlob(repository: Repository, blob: Expected, options?: Abortable): ContentStream;
  /** Stores a blob; `open` gives its content anew for every attempt. */
  uploadBlob(repository: Repository, blob: Expected, open: () => ContentStream, options?: UploadOptions): Promise<void>;
  /** Resolves if we may push: an upload is started and given up. */
  checkPush(repository: Repository, options?: Abortable): Promise<void>;
  /** True if the repository's registry has asked who we are: one that never does lets everybody do the same everywhere. */
  hasAsked(repository: Repository, options?: Abortable): Promise<boolean>;
  /** True if the repository's registry is spoken to in the open. @throws RegistryError if that has to be asked */
  isPlainHttp(repository: Repository, options?: Abortable): Promise<boolean>;
  /** Gets access tokens for others who talk to registries, such as engines. */
  readonly fetchToken: TokenFetcher;
  /** Manifests and blobs of one repository by descriptor. */
  reader(repository: Repository): ContentReader;
  /** Closes the connections. */
  close(): void;
}

/** Creates a client; it opens connections when they are needed and keeps them until it is closed. */
export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const transport = createTransport(options);
  return Object.freeze<RegistryClient>({
    resolveManifest: (reference, callOptions = {}) => resolveManifest(transport, reference, callOptions),
    findManifest: (reference, callOptions = {}) => findManifest(transport, reference, callOptions),
    listReferrers: (repository, subject, callOptions = {}) =>
      listReferrers(transport, repository, subject, callOptions),
    noteReferrers: (repository, subject, referrers, callOptions = {}) =>
      addReferrers(transport, repository, subject, referrers, callOptions),
    notedReferrers: async (repository, subject, callOptions = {}) =>
      (await readReferrersTag(transport, repository, subject, callOptions))?.manifests ?? [],
    getManifest: (reference, callOptions = {}) => getManifest(transport, reference, callOptions),
    putManifest: (reference, manifest, callOptions = {}) => putManifest(transport, reference, manifest, callOptions),
    deleteManifest: (reference, callOptions = {}) => deleteManifest(transport, reference, callOptions),
    listTags: (repository, callOptions = {}) => listTags(transport, repository, callOptions),
    listFewTags: (repository, callOptions = {}) => listFewTags(transport, repository, callOptions),
    hasBlob: (repository, blob, callOptions = {}) => hasBlob(transport, repository, blob, callOptions),
    openBlob: (repository, blob, callOptions = {}) => openBlob(transport, repository, blob, callOptions),
    uploadBlob: (repository, blob, open, callOptions = {}) =>
      uploadBlob(transport, repository, blob, open, callOptions),
    checkPush: (repository, callOptions = {}) => checkPush(transport, repository, callOptions),
    hasAsked: (repository, callOptions = {}) => transport.hasAsked(repository, callOptions),
    isPlainHttp: async (repository, callOptions = {}) =>
      (await transport.endpoint(repository, callOptions)).origin.startsWith("http:"),
    fetchToken: transport.fetchToken,
    reader: (repository) => createRepositoryReader(transport, repository),
    close: () => transport.close(),
  });
}
