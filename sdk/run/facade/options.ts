import type { Abortable } from "../../core/abort.ts";
import type { RegistrySettings } from "../../credentials/registry-policy.ts";
import type { Compression, CompressionType } from "../../outputs/compression.ts";
import type { ProgressMode } from "../../progress/create-renderer.ts";
import type { FailureFunction } from "../build/failed-step.ts";
import type { ReleaseTags } from "../destinations/release-tags.ts";
import type { EngineChoice, EngineSelection } from "../engines/engine-selection.ts";

/** Whether base images are taken from the OCI cache; `pull`: those that it lacks are pulled into it first. */
export type CachedBases = boolean | "pull";

/** Options that every terminal verb takes. */
export interface VerbOptions extends Abortable {
  /** Upper bound for the whole run, milliseconds. Default: none. */
  readonly timeoutMs?: number;
  /** Upper bound for one platform of one package, milliseconds, from when an engine takes it. Default: none. */
  readonly nodeTimeoutMs?: number;
  /**
   * How often a platform of a package is tried again where an engine was lost or the network failed under its hands.
   * Default 2. A step that failed is never tried again.
   */
  readonly retries?: number;
  /** Build whatever exists already. Default false. */
  readonly force?: boolean;
  /** How progress is shown on stderr. Default `quiet`: a library prints nothing unasked. */
  readonly progress?: ProgressMode;
  /** The OCI cache directory. Default `LINUXKIT_CACHE`, else `~/.linuxkit/cache`, shared with the LinuxKit CLI. */
  readonly cacheDirectory?: string;
  /** Take base images from the OCI cache where it holds them, as LinuxKit does. Default true; else the engine looks itself. */
  readonly cachedBases?: CachedBases;
  /** Mirrors, authorities and plain http of registries; they hold for engines that kitsmith starts, too. */
  readonly registries?: RegistrySettings;
}

/** How verbs pack the images that they have built. What exists already stays as it is. */
export interface ImageOptions {
  /** How layers are packed. Default gzip, which is all that LinuxKit's own tools read. */
  readonly compression?: CompressionType | Compression | undefined;
}

/** Options of {@link VerbOptions} for `build()`. */
export interface BuildOptions extends VerbOptions, ImageOptions {
  /** Fetch to the cache what is only in the registry. Default true: `build()` gives local bytes. */
  readonly pull?: boolean;
}

/** Options of `push()`. */
export interface PushOptions extends VerbOptions, ImageOptions {
  /** Let tags move for the platforms that succeeded although others failed. Default false. */
  readonly partial?: boolean;
  /** Build what is missing. Default true; else only what the cache holds is pushed, and other platforms are left out. */
  readonly build?: boolean;
  /**
   * For how long an earlier run's word is trusted that a tag holds all that is wanted, milliseconds; the registry is not
   * asked then. Default 0: it is asked in each run. For tags that only this user moves: what others moved or removed goes
   * unnoticed for that long. `force` asks nobody; attestations that are asked for are always looked for.
   */
  readonly trustPublishedMs?: number;
  /** Keep what is built in the OCI cache, too, as LinuxKit's command does. Default false: it goes straight to the registry. */
  readonly keep?: boolean;
  /** Give each architecture's image a tag of its own, `tag-arch`. Default true: without them writers may lose each other's images. */
  readonly archTags?: boolean;
  /** Publish under these tags as well, or under all git tags of the commit; one that exists is left alone. Default none. */
  readonly release?: ReleaseTags;
}

/** Options of `open()`. The limit of time counts until the image is closed. */
export interface OpenOptions extends VerbOptions {
  /**
   * Called if a step of the build fails, before the run rejects: with the step as it failed, in which programs can be run.
   * Progress is shown no more by then. What it throws is what the run rejects with.
   */
  readonly onFailure?: FailureFunction;
}

/** What `export()` writes. */
export interface ExportOptions extends VerbOptions, ImageOptions {
  /** `oci`: one archive with all platforms; `docker` and `tar`: one file per platform; `local`: a directory tree. */
  readonly type: "oci" | "docker" | "tar" | "local";
  /** `local`: `delete` removes from the directory what the image does not have. Default `copy`. */
  readonly mode?: "copy" | "delete";
  /** File or directory. With several files, `-<arch>` goes before the extension. */
  readonly dest: string;
}

/** Options of `toLLB()`. */
export interface LlbOptions extends Abortable {
  /** The engine that resolves base images and reads Dockerfiles, as for `engines()`. Default: none is asked. */
  readonly engine?: EngineSelection | EngineChoice | string;
}
