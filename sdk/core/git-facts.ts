/** What git says of one package: all that tags, preset build args and labels need. Plain data. */
export interface GitFacts {
  /** False where the directory is in no work tree; everything below is then empty. */
  readonly inGit: boolean;
  /** Root of the work tree, as git prints it (symlinks resolved). */
  readonly topLevel?: string;
  /** Tree of the hash path at the hash commit. Absent outside git, and where a fixed hash was given. */
  readonly treeHash?: string;
  /** Trees of the extra sources at the hash commit, in the package's order. */
  readonly extraTreeHashes: readonly string[];
  /** Uncommitted or untracked files under the hash path, or forced. */
  readonly dirty: boolean;
  /** SHA-256 (hex) of the content of the package's files. Only where the tag needs it: dirty, and without fixed hash. */
  readonly contentHash?: string;
  /** Full commit of HEAD, also where another hash commit is used. */
  readonly revision?: string;
  /** Go pseudo-version of HEAD, as the LinuxKit CLI writes it. */
  readonly goPackageVersion?: string;
}
