import type { Abortable } from "../../core/abort.ts";
import { type ChangedFile, filesChangedFromTree, filesChangedSince } from "../../git/changed-files.ts";
import { hashCommit, hashPath } from "../../git/subject.ts";
import type { TagDifference } from "./tag-comparison.ts";
import type { TaggedPackage } from "./tagging.ts";

/** What an image tells of the tree that it was made from. */
export interface ImageTree extends Abortable {
  readonly tag: string | undefined;
  /** The commit in its labels; images of uncommitted changes have none. */
  readonly revision: string | undefined;
}

const OBJECT_ID = /\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b/;
const DIRTY = /-(dirty-[0-9a-f]{7})\b/;

/** The files in which an image's tree is another than the package's, as far as git has that tree. */
export async function treeDifferences(tagged: TaggedPackage, image: ImageTree): Promise<readonly TagDifference[]> {
  const { git, hash } = tagged;
  if (!git.inGit) return commitDifference(tagged, image.revision);
  // The tag holds the hash of the tree, so that equal tags are equal trees.
  const isSame = git.treeHash !== undefined && image.tag === tagged.tag && tagged.tag.includes(hash);
  if (isSame) return [];
  const files = await changedFiles(tagged, image);
  if (files === undefined) return commitDifference(tagged, image.revision, missingTree(image));
  return [...uncommitted(tagged, image), ...files.map((file): TagDifference => ({ kind: "file", ...file }))];
}

/** By the commit, which tells all directories; else by the tree that the tag is the hash of. */
async function changedFiles(
  { package: pkg, git }: TaggedPackage,
  { tag = "", revision, signal }: ImageTree,
): Promise<readonly ChangedFile[] | undefined> {
  const commit = hashCommit(pkg);
  const directories = [hashPath(pkg), ...pkg.extraSources.map(({ directory }) => directory)];
  const until = commit === "HEAD" ? {} : { until: commit };
  const since = revision ? await filesChangedSince(directories, { commit: revision, ...until, signal }) : undefined;
  if (since !== undefined) return since;
  const theirs = OBJECT_ID.exec(tag)?.[0];
  if (theirs === undefined || git.treeHash === undefined || pkg.extraSources.length > 0) return undefined;
  return await filesChangedFromTree(hashPath(pkg), { theirs, ours: git.treeHash, signal });
}

function uncommitted({ git }: TaggedPackage, { tag = "" }: ImageTree): readonly TagDifference[] {
  const theirs = DIRTY.exec(tag)?.[1];
  if (theirs === undefined) return [];
  const ours = git.contentHash === undefined ? {} : { ours: `dirty-${git.contentHash.slice(0, 7)}` };
  const hint = "The image was built from changes that were not committed: which they were cannot be told from it.";
  return [{ kind: "tree", name: "uncommitted changes", theirs, ...ours, hint }];
}

function commitDifference({ git }: TaggedPackage, theirs: string | undefined, hint?: string): readonly TagDifference[] {
  const ours = git.revision;
  if (theirs === ours) return [];
  return [
    {
      ...{ kind: "commit", name: "commit" },
      ...(theirs === undefined ? {} : { theirs }),
      ...(ours === undefined ? {} : { ours }),
      ...(hint === undefined ? {} : { hint }),
    },
  ];
}

function missingTree({ revision, tag = "" }: ImageTree): string {
  if (revision !== undefined) {
    return `This repository does not have that commit, so that files cannot be compared: get it with \`git fetch origin ${revision}\`, or all of them with \`git fetch --unshallow\`.`;
  }
  const tree = OBJECT_ID.exec(tag)?.[0];
  if (tree === undefined) return "The image says of no commit or tree that it was made from one.";
  return `This repository does not have the tree ${tree}: fetch the branch that it was committed to.`;
}
