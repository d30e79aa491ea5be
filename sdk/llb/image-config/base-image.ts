import type { SourceLocation } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import type { BaseVertex, DeferredVertex, Output, SourceVertex } from "../vertex.ts";

/** What an engine said about a base image. */
export interface ResolvedImage {
  /** The OCI image config as JSON value. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Pins the image: with it, what is built is what was resolved. */
  readonly digest?: string;
}

/** Base images by {@link baseImageKey}. */
export type ResolvedImages = ReadonlyMap<string, ResolvedImage>;

/** What took the place of a deferred state. */
export interface ResolvedState {
  /** Where the files are. */
  readonly output: Output;
  /** The OCI image config as JSON value, where there is one. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Deferred states that are resolved. */
export type ResolvedStates = ReadonlyMap<DeferredVertex, ResolvedState>;

/** What is known, when a graph is marshalled, of what it builds on. */
export interface KnownBases {
  /** What an engine said about base images. */
  readonly images?: ResolvedImages | undefined;
  /** What took the place of deferred states. */
  readonly states?: ResolvedStates | undefined;
}

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
  vertex: BaseVertex | undefined,
  platform: Platform,
  { images, states }: KnownBases,
): ResolvedImage | undefined {
  if (vertex?.kind === "deferred") {
    const config = states?.get(vertex)?.config;
    return config === undefined ? undefined : { config };
  }
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
