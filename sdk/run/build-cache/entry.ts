import { resolve } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { digestHex, digestOf } from "../../core/digest.ts";
import type { Redactor } from "../../core/redact.ts";
import type { CacheEntry } from "../../engine/engine.ts";
import type { SecretSource } from "../facade/secret-source.ts";
import { type CacheOwner, cacheReference, ownedName } from "./name.ts";
import type { CacheExport, CacheImport } from "./settings.ts";

/** A cache with a kind that goes somewhere: all but `inline`. */
export type PlacedCache = CacheImport | Exclude<CacheExport, { readonly type: "inline" }>;

/** What entries are made with. */
export interface EntryOptions extends Abortable {
  readonly owner: CacheOwner;
  readonly redactor: Redactor;
}

/** BuildKit's names of what is passed on as it is. */
const PLAIN = {
  insecure: "registry.insecure",
  digest: "digest",
  imageManifest: "image-manifest",
  ociMediaTypes: "oci-mediatypes",
  mode: "mode",
  compression: "compression",
  compressionLevel: "compression-level",
  forceCompression: "force-compression",
  url: "url",
  urlV2: "url_v2",
  version: "version",
  repository: "repository",
  bucket: "bucket",
  region: "region",
  prefix: "prefix",
  manifestsPrefix: "manifests_prefix",
  blobsPrefix: "blobs_prefix",
  endpointUrl: "endpoint_url",
  usePathStyle: "use_path_style",
  disableAcceptEncoding: "disable_accept_encoding",
  retryMode: "retry_mode",
  retryMaxAttempts: "retry_max_attempts",
  uploadParallelism: "upload_parallelism",
  accountUrl: "account_url",
  accountName: "account_name",
  container: "container",
} as const;

const DURATIONS = { timeoutMs: "timeout", touchRefreshMs: "touch_refresh" } as const;

const SECRETS = {
  token: "token",
  ghToken: "ghtoken",
  accessKeyId: "access_key_id",
  secretAccessKey: "secret_access_key",
  sessionToken: "session_token",
} as const;

/** Where a value is taken from that was not given, as BuildKit's own clients and the tools of the stores do. */
const FROM_ENVIRONMENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gha: { token: "ACTIONS_RUNTIME_TOKEN", url: "ACTIONS_CACHE_URL", url_v2: "ACTIONS_RESULTS_URL" },
  s3: {
    access_key_id: "AWS_ACCESS_KEY_ID",
    secret_access_key: "AWS_SECRET_ACCESS_KEY",
    session_token: "AWS_SESSION_TOKEN",
  },
  azblob: { secret_access_key: "AZURE_STORAGE_KEY" },
};

const SECRET_ATTRIBUTES: ReadonlySet<string> = new Set(Object.values(SECRETS));

/**
 * A cache with BuildKit's attributes. Its secrets are read now, and known to the redactor.
 *
 * @throws InputError `INPUT_REFERENCE_INVALID`, `INPUT_SECRET_MISSING`
 * @source https://github.com/moby/buildkit/blob/v0.33.1/README.md#export-cache
 */
export async function cacheEntry(cache: PlacedCache, options: EntryOptions): Promise<CacheEntry> {
  const secrets = await secretAttributes(cache, options);
  const attributes = {
    ...environmentAttributes(cache.type, secrets, options.redactor),
    ...plainAttributes(cache),
    ...nameAttributes(cache, cache.exact ? undefined : options.owner),
    ...secrets,
  };
  return { type: cache.type, attributes };
}

/** The name under which a directory is served: the engine need not know where it lies. */
export function localStoreName(directory: string): string {
  return `cache-${digestHex(digestOf(resolve(directory))).slice(0, 16)}`;
}

/** The name of a cache in its directory. */
export function localTag({ tag = "latest", exact }: { tag?: string; exact?: boolean }, owner: CacheOwner): string {
  return exact ? tag : ownedName(tag, owner);
}

function plainAttributes(cache: PlacedCache): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (const [field, value] of Object.entries(cache)) {
    if (isKey(PLAIN, field) && isText(value)) attributes[PLAIN[field]] = String(value);
    if (isKey(DURATIONS, field) && typeof value === "number") attributes[DURATIONS[field]] = `${value}ms`;
  }
  return attributes;
}

function nameAttributes(cache: PlacedCache, owner: CacheOwner | undefined): Readonly<Record<string, string>> {
  const named = (name: string): string => (owner === undefined ? name : ownedName(name, owner));
  switch (cache.type) {
    case "registry":
      return { ref: cacheReference(cache.ref, owner) };
    case "local":
      return "src" in cache ? { src: localStoreName(cache.src) } : { dest: localStoreName(cache.dest) };
    case "gha":
      return { scope: named(cache.scope ?? "buildkit") };
    default:
      return { name: (cache.names ?? ["buildkit"]).map(named).join(";") };
  }
}

async function secretAttributes(
  cache: PlacedCache,
  { redactor, signal }: EntryOptions,
): Promise<Readonly<Record<string, string>>> {
  const attributes: Record<string, string> = {};
  for (const [field, source] of Object.entries(cache)) {
    if (!isKey(SECRETS, field) || !isSource(source)) continue;
    const value = await source.read({ signal });
    if (value === undefined) continue;
    redactor.add(value);
    attributes[SECRETS[field]] = Buffer.from(value).toString("utf8");
  }
  return attributes;
}

/** Keys belong together: where one is given, none is taken from elsewhere. */
function environmentAttributes(
  type: string,
  given: Readonly<Record<string, string>>,
  redactor: Redactor,
): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (const [attribute, variable] of Object.entries(FROM_ENVIRONMENT[type] ?? {})) {
    const value = process.env[variable];
    const isSecret = SECRET_ATTRIBUTES.has(attribute);
    if (value === undefined || value === "" || (isSecret && Object.keys(given).length > 0)) continue;
    if (isSecret) redactor.add(Buffer.from(value));
    attributes[attribute] = value;
  }
  if (type === "gha" && isOn(process.env.ACTIONS_CACHE_SERVICE_V2)) attributes.version = "2";
  return attributes;
}

function isOn(value = ""): boolean {
  return value !== "" && !/^(0|f|false)$/i.test(value);
}

function isKey<T extends object>(table: T, key: string): key is Extract<keyof T, string> {
  return Object.hasOwn(table, key);
}

function isText(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isSource(value: unknown): value is SecretSource {
  return typeof value === "object" && value !== null && "read" in value;
}
