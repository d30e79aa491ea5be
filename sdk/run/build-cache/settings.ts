import { InputError } from "../../core/errors.ts";
import type { SecretSource } from "../facade/secret-source.ts";

/** How layers of a cache are compressed. Default: as the engine has them. */
export interface CacheCompression {
  readonly compression?: "gzip" | "zstd" | "estargz" | "uncompressed";
  readonly compressionLevel?: number;
  /** Compress anew what has another compression. Default false. */
  readonly forceCompression?: boolean;
}

/** What a cache gets, and when. */
export interface CacheExportOptions {
  /** `min` holds the layers of the result, `max` those of every step. Default `min`, as with BuildKit. */
  readonly mode?: "min" | "max";
  /**
   * True: the cache goes out beside the rest of the run, and one that cannot be written is a warning. False: it is a part of
   * the build, which fails with it. Default true.
   */
  readonly ignoreError?: boolean;
  /**
   * `changed` leaves the export out where nothing could come of it: no step ran, and this very cache gave the result. The run
   * says so. Default `changed`.
   */
  readonly when?: "changed" | "always";
}

interface Named {
  /** Use the name as it stands, for every platform. Default false: each platform has its own, `-amd64` behind the name. */
  readonly exact?: boolean;
}

/** A cache in a repository of a registry. */
export interface RegistryPlace extends Named {
  readonly type: "registry";
  /** A repository, with or without a tag. Default tag `buildcache`. */
  readonly ref: string;
  /** Reach the registry by http, or with any certificate. Default false. */
  readonly insecure?: boolean;
}

/** A cache in a directory of this machine, as an OCI layout. */
export interface LocalPlace extends Named {
  readonly type: "local";
  /** The name of the cache in the directory. Default `latest`. */
  readonly tag?: string;
}

/** A cache in GitHub's service for workflows. */
export interface GhaPlace extends Named {
  readonly type: "gha";
  /** Default `buildkit`. */
  readonly scope?: string;
  /** Default `ACTIONS_CACHE_URL` of the environment. */
  readonly url?: string;
  /** Default `ACTIONS_RESULTS_URL` of the environment. */
  readonly urlV2?: string;
  /** Default 2 where `ACTIONS_CACHE_SERVICE_V2` is set. */
  readonly version?: 1 | 2;
  /** Default 10 minutes. */
  readonly timeoutMs?: number;
  /** Default `ACTIONS_RUNTIME_TOKEN` of the environment. */
  readonly token?: SecretSource;
}

/** A cache in a bucket that is spoken to as S3. */
export interface S3Place extends Named {
  readonly type: "s3";
  readonly bucket: string;
  readonly region: string;
  readonly prefix?: string;
  /** Default `manifests/`. */
  readonly manifestsPrefix?: string;
  /** Default `blobs/`. */
  readonly blobsPrefix?: string;
  /** Names of the cache. Default `buildkit`. */
  readonly names?: readonly string[];
  /** For a store that is not Amazon's. */
  readonly endpointUrl?: string;
  /** Default `AWS_ACCESS_KEY_ID` of the environment; without one the engine looks for its own. */
  readonly accessKeyId?: SecretSource;
  /** Default `AWS_SECRET_ACCESS_KEY` of the environment. */
  readonly secretAccessKey?: SecretSource;
  /** Default `AWS_SESSION_TOKEN` of the environment. */
  readonly sessionToken?: SecretSource;
  readonly usePathStyle?: boolean;
  readonly disableAcceptEncoding?: boolean;
  readonly retryMode?: "standard" | "adaptive";
  readonly retryMaxAttempts?: number;
}

/** A cache in a container of Azure Blob Storage. */
export interface AzblobPlace extends Named {
  readonly type: "azblob";
  readonly accountUrl: string;
  /** Default: the first part of the address's host. */
  readonly accountName?: string;
  /** Default `buildkit-cache`. */
  readonly container?: string;
  readonly prefix?: string;
  readonly manifestsPrefix?: string;
  readonly blobsPrefix?: string;
  /** Names of the cache. Default `buildkit`. */
  readonly names?: readonly string[];
  /** Default `AZURE_STORAGE_KEY` of the environment; without one the engine looks for its own. */
  readonly secretAccessKey?: SecretSource;
}

/** Where a build may find the results of steps. A cache that is not there, or that cannot be reached, is no failure. */
export type CacheImport =
  | RegistryPlace
  | (LocalPlace & { readonly src: string /** In place of a tag. */; readonly digest?: string })
  | GhaPlace
  | S3Place
  | AzblobPlace;

/**
 * Where the results of a build's steps go.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/README.md#export-cache
 */
export type CacheExport =
  | (RegistryPlace & CacheManifest & CacheCompression & CacheExportOptions)
  | (LocalPlace & CacheManifest & CacheCompression & CacheExportOptions & { readonly dest: string })
  /** Into the config of the image itself; it is read from there as a `registry` cache that names the image. */
  | { readonly type: "inline" }
  | (GhaPlace & CacheExportOptions & { readonly ghToken?: SecretSource; readonly repository?: string })
  | (S3Place &
      CacheCompression &
      CacheExportOptions & { readonly touchRefreshMs?: number; readonly uploadParallelism?: number })
  | (AzblobPlace & CacheExportOptions);

/** How the list of what a cache holds is written. */
export interface CacheManifest {
  /** An image manifest in place of an index. Default true. */
  readonly imageManifest?: boolean;
  /** Default true. */
  readonly ociMediaTypes?: boolean;
}

/** What `.cache({ … })` takes. */
export interface CacheInputs {
  readonly from?: CacheImport | readonly CacheImport[];
  readonly to?: CacheExport | readonly CacheExport[];
  /**
   * How long a store of `from` may take to say anything; the build then goes on without it, and the run says so. Default 10
   * seconds.
   */
  readonly importTimeoutMs?: number;
}

/** Caches as a package holds them. */
export interface CacheSettings {
  readonly from: readonly CacheImport[];
  readonly to: readonly CacheExport[];
  readonly importTimeoutMs?: number;
}

/** No cache but the engine's own. */
export const NO_CACHES: CacheSettings = Object.freeze({ from: Object.freeze([]), to: Object.freeze([]) });

/** What the union of one type wants; the type system says the same to those whom it checks. */
const REQUIRED: Readonly<Record<string, { readonly from: readonly string[]; readonly to: readonly string[] }>> = {
  registry: { from: ["ref"], to: ["ref"] },
  local: { from: ["src"], to: ["dest"] },
  gha: { from: [], to: [] },
  s3: { from: ["bucket", "region"], to: ["bucket", "region"] },
  azblob: { from: ["accountUrl"], to: ["accountUrl"] },
};

/**
 * Caches that were given, added to those that a package has.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function withCaches(
  settings: CacheSettings,
  { from = [], to = [], importTimeoutMs }: CacheInputs,
): CacheSettings {
  if (importTimeoutMs !== undefined && !(importTimeoutMs > 0)) {
    throw new InputError("INPUT_OPTION_INVALID", `importTimeoutMs is a number above 0, not ${importTimeoutMs}`);
  }
  const sources = listOf(from).map((source) => checked(source, "from"));
  const targets = listOf(to).map((target) => (target.type === "inline" ? target : checked(target, "to")));
  const added = { from: [...settings.from, ...sources], to: [...settings.to, ...targets] };
  return { ...settings, ...added, ...(importTimeoutMs === undefined ? {} : { importTimeoutMs }) };
}

function listOf<T extends object>(input: T | readonly T[]): readonly T[] {
  return isList(input) ? input : [input];
}

function isList<T extends object>(input: T | readonly T[]): input is readonly T[] {
  return Array.isArray(input);
}

function checked<T extends { readonly type: string }>(cache: T, direction: "from" | "to"): T {
  const required = Object.hasOwn(REQUIRED, cache.type) ? REQUIRED[cache.type] : undefined;
  if (required === undefined) {
    throw new InputError("INPUT_OPTION_INVALID", `"${cache.type}" is no kind of cache to be used with "${direction}"`, {
      hint:
        cache.type === "inline"
          ? 'Read an inline cache with { type: "registry", ref: "…", exact: true }, by the name of the image.'
          : `Use one of ${Object.keys(REQUIRED).join(", ")}${direction === "to" ? ", inline" : ""}.`,
    });
  }
  const fields: ReadonlyMap<string, unknown> = new Map(Object.entries(cache));
  const missing = required[direction].filter((field) => typeof fields.get(field) !== "string" || !fields.get(field));
  if (missing.length === 0) return cache;
  throw new InputError("INPUT_OPTION_INVALID", `a ${cache.type} cache lacks ${missing.join(" and ")}`, {
    hint: `Give it in .cache({ ${direction}: { type: "${cache.type}", … } }).`,
  });
}
