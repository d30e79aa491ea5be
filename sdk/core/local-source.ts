/** Where a served directory comes from: one or more real directories, laid over each other. */
export interface VirtualRoot {
  /** In order; where two hold the same path, the later one wins. A prefix is a clean relative path, "" for the root. */
  readonly layers: readonly { readonly directory: string; readonly prefix: string }[];
}

/** A directory that the session serves to the daemon under a name of its own. */
export interface LocalSource {
  /** Name in the session (`local://name`), unique per directory and kind. */
  readonly name: string;
  readonly root: VirtualRoot;
  /** Honour `.dockerignore` and `<Dockerfile>.dockerignore` in this directory. Default false, as LinuxKit has it. */
  readonly ignoreFiles: boolean;
  /** Only these paths exist; patterns as in .dockerignore. Undefined: all. */
  readonly includePatterns?: readonly string[];
  readonly excludePatterns?: readonly string[];
}
