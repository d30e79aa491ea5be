import type { SourceLocation } from "../core/errors.ts";
import { isRecord } from "../core/json.ts";
import { formatPlatform, type Platform } from "../core/platform.ts";
import type { SourceVertex } from "./vertex.ts";

/** What an engine said about a base image. */
export interface ResolvedImage {
  /** The OCI image config as JSON value. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Pins the image: with it, what is built is what was resolved. */
  readonly digest?: string;
}

/** Base images by {@link baseImageKey}. */
export type ResolvedImages = ReadonlyMap<string, ResolvedImage>;

/** An image whose config a graph builds on. */
export interface BaseImage {
  /** Where {@link ResolvedImages} is looked up. */
  readonly key: string;
  /** Normalized, such as `docker.io/library/alpine:latest`. */
  readonly reference: string;
  readonly platform: Platform;
  readonly resolveMode: "default" | "pull" | "local";
  /** The line that named it. */
  readonly location?: SourceLocation;
}

const SCHEME = "docker-image://";

/** The name under which a base image is looked up. */
export function baseImageKey(reference: string, platform: Platform): string {
  return `${reference}|${formatPlatform(platform)}`;
}

/** An image source as something to resolve. */
export function baseImage(vertex: SourceVertex, defaultPlatform: Platform): BaseImage {
  const reference = vertex.identifier.slice(SCHEME.length);
  const platform = vertex.constraints.platform ?? defaultPlatform;
  const mode = vertex.attributes["image.resolvemode"];
  return Object.freeze({
    key: baseImageKey(reference, platform),
    reference,
    platform,
    resolveMode: mode === "pull" || mode === "local" ? mode : "default",
  });
}

/** What was resolved for a base image, if anything. */
export function resolvedImage(
  vertex: SourceVertex | undefined,
  platform: Platform,
  images: ResolvedImages | undefined,
): ResolvedImage | undefined {
  if (vertex === undefined || images === undefined || images.size === 0) return undefined;
  return images.get(baseImage(vertex, platform).key);
}

/** The members of an image config that processes inherit. */
export interface InheritedConfig {
  readonly env: readonly (readonly [string, string])[];
  readonly workingDir: string;
  readonly user: string;
}

/** The part of a base image's config that processes inherit; empty where nothing was resolved. */
export function inheritedConfig(image: ResolvedImage | undefined): InheritedConfig {
  const config = containerConfig(image);
  const env = Array.isArray(config.Env) ? config.Env.filter((entry) => typeof entry === "string") : [];
  return {
    env: env.map(splitEnv).filter(([name]) => name !== ""),
    workingDir: typeof config.WorkingDir === "string" ? config.WorkingDir : "",
    user: typeof config.User === "string" ? config.User : "",
  };
}

/** The member `config` of an image config. */
export function containerConfig(image: ResolvedImage | undefined): Readonly<Record<string, unknown>> {
  return isRecord(image?.config.config) ? image.config.config : {};
}

function splitEnv(entry: string): readonly [string, string] {
  const equals = entry.indexOf("=");
  return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
}
