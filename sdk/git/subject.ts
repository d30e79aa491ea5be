import type { SourceLocation } from "../core/errors.ts";

/** What git is asked about; every package is one. */
export interface GitSubject {
  /** Absolute. */
  readonly directory: string;
  readonly extraSources: readonly { readonly directory: string; readonly location?: SourceLocation }[];
  readonly hash: {
    readonly hash?: string;
    readonly hashCommit?: string;
    readonly hashPath?: string;
    readonly forceDirty?: boolean;
  };
}

/** The commit that all trees of a subject are taken from; only the literal `HEAD` can be dirty. */
export function hashCommit(subject: GitSubject): string {
  return subject.hash.hashCommit || "HEAD";
}

/** The directory whose tree makes the tag. */
export function hashPath(subject: GitSubject): string {
  return subject.hash.hashPath || subject.directory;
}

/** True where a fixed text stands in for the tree: no tree is then needed. */
export function hasFixedHash(subject: GitSubject): boolean {
  return subject.hash.hash !== undefined && subject.hash.hash !== "";
}
