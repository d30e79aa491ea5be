/**
 * Images without builds: the cache that the LinuxKit CLI reads too, registries, and the values that images are made of.
 *
 * @module
 */

export type {
  CacheCheckOptions,
  CacheExportOptions,
  CachePullOptions,
  CleanOptions,
  RemoveOptions,
} from "../run/destinations/image-cache.ts";
export { type CacheOptions, checkCache, type ImageCache, openCache } from "../run/destinations/image-cache.ts";
export type { ImportedImage, ImportOptions } from "./cache/import-images.ts";
export type { CachePushOptions, PushedImage } from "./cache/push.ts";
export type { ExportFormat, ExportOptions } from "./layout/archive-export.ts";
export type { Cache, ReferenceChange } from "./layout/cache.ts";
export type { CacheCheck, CheckCacheOptions } from "./layout/check/check-cache.ts";
export type { CacheProblem } from "./layout/check/problem.ts";
export type { RemovedContent } from "./layout/garbage.ts";
export type { Removal } from "./layout/removal.ts";
export type { NamedDescriptor } from "./layout/root-index.ts";

// Values.

export type { Abortable } from "../core/abort.ts";
export type { Digest } from "../core/digest.ts";
export type { Platform, PlatformText } from "../core/platform.ts";
export type {
  ContentKey,
  ContentReader,
  ContentStore,
  ContentStream,
  Expected,
  ReadOptions,
  WriteOptions,
} from "./model/content.ts";
export type { Descriptor, DescriptorPlatform } from "./model/descriptor.ts";
export {
  type ImageIndex,
  type ImageManifest,
  isIndex,
  type ParseOptions,
  parseIndexOrManifest,
} from "./model/manifest.ts";
export { formatReference, parseReference, type Reference } from "./model/reference.ts";

// Registries.

export type {
  AccessToken,
  Credential,
  CredentialSource,
  TokenFetcher,
  TokenWish,
} from "../credentials/credential-source.ts";
export type { Mirrors } from "../credentials/mirrors.ts";
export type { UploadOptions } from "./registry/blobs.ts";
export { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "./registry/client.ts";
export type { StoredManifest } from "./registry/manifests.ts";
export type { Repository, TransportOptions } from "./registry/transport.ts";
