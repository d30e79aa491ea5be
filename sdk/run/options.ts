import type { Abortable } from "../core/abort.ts";
import type { ProgressMode } from "../progress/create-renderer.ts";
import type { EngineChoice, EngineSelection } from "./engine-selection.ts";

/** Options that every terminal verb takes. */
export interface VerbOptions extends Abortable {
  /** Upper bound for the whole run, milliseconds. Default: none. */
  readonly timeoutMs?: number;
  /** Build whatever exists already. Default false. */
  readonly force?: boolean;
  /** How progress is shown on stderr. Default `quiet`: a library prints nothing unasked. */
  readonly progress?: ProgressMode;
  /** The OCI cache directory. Default `LINUXKIT_CACHE`, else `~/.linuxkit/cache`, shared with the LinuxKit CLI. */
  readonly cacheDirectory?: string;
}

/** Options of {@link VerbOptions} for `build()`. */
export interface BuildOptions extends VerbOptions {
  /** Fetch to the cache what is only in the registry. Default true: `build()` gives local bytes. */
  readonly pull?: boolean;
}

/** Options of `push()`. */
export interface PushOptions extends VerbOptions {
  /** Let tags move for the platforms that succeeded although others failed. Default false. */
  readonly partial?: boolean;
}

/** Options of `open()`. The limit of time counts until the image is closed. */
export type OpenOptions = VerbOptions;

/** What `export()` writes. */
export interface ExportOptions extends VerbOptions {
  /** `oci`: one archive with all platforms; `docker` and `tar`: one file per platform; `local`: a directory tree. */
  readonly type: "oci" | "docker" | "tar" | "local";
  /** File or directory. With several files, `-<arch>` goes before the extension. */
  readonly dest: string;
}

/** Options of `toLLB()`. */
export interface LlbOptions extends Abortable {
  /** The engine that resolves base images and reads Dockerfiles, as for `engines()`. Default: none is asked. */
  readonly engine?: EngineSelection | EngineChoice | string;
}
