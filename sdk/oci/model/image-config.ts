import { type Digest, isDigest } from "../../core/digest.ts";
import { normalizePlatform, type Platform } from "../../core/platform.ts";
import { corrupt, optionalRecord, optionalText, optionalTexts, parseJsonObject, textRecord } from "./fields.ts";

/** How a container of the image is run. */
export interface RunConfig {
  readonly user: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly exposedPorts: readonly string[];
  readonly stopSignal: string;
}

/**
 * An image's config.
 *
 * @source https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export interface ImageConfig {
  readonly platform: Platform;
  /** RFC 3339, as it was written. */
  readonly created?: string;
  readonly config: RunConfig;
  /** The digests of the layers' uncompressed tars, lowest first. */
  readonly diffIds: readonly Digest[];
}

/**
 * Reads an image's config.
 *
 * @param origin - what the content is, for messages
 * @throws ContentError `CONTENT_CORRUPT`
 */
export function parseImageConfig(content: Uint8Array, origin: string): ImageConfig {
  const fields = parseJsonObject(content, origin);
  const created = optionalText(fields, "created", origin);
  return Object.freeze({
    platform: parsePlatformFields(fields, origin),
    ...(created === undefined ? {} : { created }),
    config: parseRunConfig(optionalRecord(fields, "config", origin) ?? {}, origin),
    diffIds: parseDiffIds(optionalRecord(fields, "rootfs", origin) ?? {}, origin),
  });
}

function parsePlatformFields(fields: Readonly<Record<string, unknown>>, origin: string): Platform {
  const os = optionalText(fields, "os", origin);
  const architecture = optionalText(fields, "architecture", origin);
  if (!os || !architecture) throw corrupt(`${origin} does not say its platform`);
  const variant = optionalText(fields, "variant", origin);
  return normalizePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

function parseRunConfig(fields: Readonly<Record<string, unknown>>, origin: string): RunConfig {
  return Object.freeze({
    user: optionalText(fields, "User", origin) ?? "",
    env: optionalTexts(fields, "Env", origin) ?? [],
    entrypoint: optionalTexts(fields, "Entrypoint", origin) ?? [],
    command: optionalTexts(fields, "Cmd", origin) ?? [],
    workingDirectory: optionalText(fields, "WorkingDir", origin) ?? "",
    labels: textRecord(optionalRecord(fields, "Labels", origin) ?? {}, `${origin}: Labels`),
    volumes: Object.keys(optionalRecord(fields, "Volumes", origin) ?? {}),
    exposedPorts: Object.keys(optionalRecord(fields, "ExposedPorts", origin) ?? {}),
    stopSignal: optionalText(fields, "StopSignal", origin) ?? "",
  });
}

function parseDiffIds(rootfs: Readonly<Record<string, unknown>>, origin: string): readonly Digest[] {
  const ids = optionalTexts(rootfs, "diff_ids", origin) ?? [];
  if (!ids.every(isDigest)) throw corrupt(`${origin} has a layer id that is no sha256 digest`);
  return Object.freeze([...ids]);
}
