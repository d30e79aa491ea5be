import { InputError } from "../core/errors.ts";
import type {
  AzblobPlace,
  CacheCompression,
  CacheExport,
  CacheExportOptions,
  CacheImport,
  CacheInputs,
  CacheManifest,
  GhaPlace,
  RegistryPlace,
  S3Place,
} from "../run/build-cache/settings.ts";
import { fromValue } from "../run/facade/secret-source.ts";
import { type CacheAttributes, parseCacheAttributes } from "./cache-attributes.ts";
import type { Invocation } from "./command.ts";
import { verbosity } from "./global-flags.ts";

/**
 * The caches that `--cache-from` and `--cache-to` name; undefined if none. Says where a key stands on the command line.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function cacheInputs(invocation: Invocation): CacheInputs | undefined {
  const from = readEach(invocation, "cache-from", (attributes) => importOf(attributes));
  const to = readEach(invocation, "cache-to", (attributes) => exportOf(attributes, invocation.env));
  return from.length + to.length === 0 ? undefined : { from, to };
}

/** What is given twice counts once: engines refuse two equal caches. */
function readEach<T>(invocation: Invocation, flag: string, read: (attributes: CacheAttributes) => T): readonly T[] {
  const texts = new Set(invocation.list(flag).filter((text) => text !== ""));
  const all = [...texts].flatMap((text) => parseCacheAttributes(flag, text));
  return all.map((attributes) => {
    const cache = read(attributes);
    attributes.finish();
    tellSecrets(invocation, flag, attributes.secrets);
    return cache;
  });
}

function tellSecrets(invocation: Invocation, flag: string, secrets: readonly string[]): void {
  if (secrets.length === 0 || verbosity(invocation) === 0) return;
  invocation.stderr.write(
    `--${flag} holds ${secrets.join(" and ")}: others on this machine can read what stands on a command line; leave it out and set it in the environment\n`,
  );
}

function importOf(given: CacheAttributes): CacheImport {
  switch (given.type) {
    case "registry":
      return registryOf(given);
    case "local":
      return {
        type: "local",
        src: given.required("src"),
        ...localOf(given),
        ...defined("digest", given.text("digest")),
      };
    case "gha":
      return ghaOf(given);
    case "s3":
      return s3Of(given);
    case "azblob":
      return azblobOf(given);
    case "inline":
      throw new InputError("INPUT_OPTION_INVALID", "--cache-from does not take type=inline", {
        hint: "Read an inline cache with type=registry,ref=IMAGE,exact=true.",
      });
    default:
      throw unknownType("cache-from", given.type, "registry, local, gha, s3 and azblob");
  }
}

function exportOf(given: CacheAttributes, env: Invocation["env"]): CacheExport {
  switch (given.type) {
    case "registry":
      return { ...registryOf(given), ...manifestOf(given), ...compressionOf(given), ...optionsOf(given) };
    case "local":
      return {
        ...{ type: "local", dest: given.required("dest"), ...localOf(given) },
        ...{ ...manifestOf(given), ...compressionOf(given), ...optionsOf(given) },
      };
    case "inline":
      return { type: "inline" };
    case "gha":
      return { ...ghaOf(given), ...githubOf(given, env), ...optionsOf(given) };
    case "s3":
      return {
        ...s3Of(given),
        ...defined("touchRefreshMs", given.milliseconds("touch_refresh")),
        ...defined("uploadParallelism", given.number("upload_parallelism")),
        ...{ ...compressionOf(given), ...optionsOf(given) },
      };
    case "azblob":
      return { ...azblobOf(given), ...optionsOf(given) };
    default:
      throw unknownType("cache-to", given.type, "registry, local, inline, gha, s3 and azblob");
  }
}

function registryOf(given: CacheAttributes): RegistryPlace {
  return {
    ...{ type: "registry", ref: given.required("ref") },
    ...defined("insecure", given.boolean("registry.insecure")),
    ...exactOf(given),
  };
}

function localOf(given: CacheAttributes): { readonly tag?: string; readonly exact?: boolean } {
  return { ...defined("tag", given.text("tag")), ...exactOf(given) };
}

function ghaOf(given: CacheAttributes): GhaPlace {
  const version = given.oneOf("version", ["1", "2"]);
  return {
    type: "gha",
    ...defined("scope", given.text("scope")),
    ...defined("url", given.text("url")),
    ...defined("urlV2", given.text("url_v2")),
    ...(version === undefined ? {} : { version: version === "1" ? 1 : 2 }),
    ...defined("timeoutMs", given.milliseconds("timeout")),
    ...defined("token", given.secret("token")),
    ...exactOf(given),
  };
}

/** A repository is asked by GitHub's own interface, which wants a token of its own; a workflow has it in its environment. */
function githubOf(given: CacheAttributes, env: Invocation["env"]) {
  const repository = given.text("repository");
  const usual = repository !== undefined && env.GITHUB_TOKEN ? fromValue(env.GITHUB_TOKEN) : undefined;
  return { ...defined("repository", repository), ...defined("ghToken", given.secret("ghtoken") ?? usual) };
}

function s3Of(given: CacheAttributes): S3Place {
  return {
    ...{ type: "s3", bucket: given.required("bucket"), region: given.required("region") },
    ...storeOf(given),
    ...defined("endpointUrl", given.text("endpoint_url")),
    ...defined("accessKeyId", given.secret("access_key_id")),
    ...defined("secretAccessKey", given.secret("secret_access_key")),
    ...defined("sessionToken", given.secret("session_token")),
    ...defined("usePathStyle", given.boolean("use_path_style")),
    ...defined("disableAcceptEncoding", given.boolean("disable_accept_encoding")),
    ...defined("retryMode", given.oneOf("retry_mode", ["standard", "adaptive"])),
    ...defined("retryMaxAttempts", given.number("retry_max_attempts")),
  };
}

function azblobOf(given: CacheAttributes): AzblobPlace {
  return {
    ...{ type: "azblob", accountUrl: given.required("account_url") },
    ...defined("accountName", given.text("account_name")),
    ...defined("container", given.text("container")),
    ...storeOf(given),
    ...defined("secretAccessKey", given.secret("secret_access_key")),
  };
}

function storeOf(given: CacheAttributes) {
  return {
    ...defined("prefix", given.text("prefix")),
    ...defined("manifestsPrefix", given.text("manifests_prefix")),
    ...defined("blobsPrefix", given.text("blobs_prefix")),
    ...defined("names", given.text("name")?.split(";")),
    ...exactOf(given),
  };
}

function exactOf(given: CacheAttributes): { readonly exact?: boolean } {
  return defined("exact", given.boolean("exact"));
}

function manifestOf(given: CacheAttributes): CacheManifest {
  return {
    ...defined("imageManifest", given.boolean("image-manifest")),
    ...defined("ociMediaTypes", given.boolean("oci-mediatypes")),
  };
}

function compressionOf(given: CacheAttributes): CacheCompression {
  return {
    ...defined("compression", given.oneOf("compression", ["gzip", "zstd", "estargz", "uncompressed"])),
    ...defined("compressionLevel", given.number("compression-level")),
    ...defined("forceCompression", given.boolean("force-compression")),
  };
}

function optionsOf(given: CacheAttributes): CacheExportOptions {
  return {
    ...defined("mode", given.oneOf("mode", ["min", "max"])),
    ...defined("ignoreError", given.boolean("ignore-error")),
    ...defined("when", given.oneOf("when", ["changed", "always"])),
  };
}

/** The member, where there is a value. */
function defined<K extends string, const T>(name: K, value: T | undefined): { readonly [name in K]?: T };
function defined(name: string, value: unknown): Readonly<Record<string, unknown>> {
  return value === undefined ? {} : { [name]: value };
}

function unknownType(flag: string, type: string, accepted: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", `--${flag} does not know type=${type}`, {
    hint: `There are ${accepted}.`,
    details: { type },
  });
}
