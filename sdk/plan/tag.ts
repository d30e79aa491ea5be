import { createHash } from "node:crypto";
import type { GitFacts } from "../core/git-facts.ts";
import { canonicalReference, shortReference } from "../pkg/name.ts";
import type { Package } from "../pkg/package.ts";
import { type TagInput, transitiveHash } from "./tag-inputs.ts";
import { renderTagTemplate } from "./tag-template.ts";

const DIRTY_DIGITS = 7;

/**
 * The hash that stands for a package's content, by the LinuxKit CLI's rules: the fixed hash if one was given; else the
 * tree, mixed with those of the extra sources, with `-dirty-…` appended where there are uncommitted changes.
 * Empty outside git.
 */
export function packageHash(pkg: Pick<Package, "hash">, facts: GitFacts): string {
  if (pkg.hash.hash) return pkg.hash.hash;
  if (!facts.inGit || facts.treeHash === undefined) return "";
  const trees = [facts.treeHash, ...facts.extraTreeHashes];
  const hash = trees.length === 1 ? facts.treeHash : createHash("sha1").update(trees.join("")).digest("hex");
  return facts.contentHash === undefined ? hash : `${hash}-dirty-${facts.contentHash.slice(0, DIRTY_DIGITS)}`;
}

/**
 * The tag of a package with this hash; `latest` if the template gives nothing.
 *
 * @throws InputError `INPUT_TEMPLATE_INVALID`
 */
function packageTag(pkg: Pick<Package, "tag" | "origin">, hash: string): string {
  const location = pkg.origin.file === undefined ? undefined : { file: pkg.origin.file };
  return renderTagTemplate(pkg.tag || "{{.Hash}}", { Hash: hash }, location) || "latest";
}

/** What a package is called: all forms of its name, computed from what git says. */
export interface PackageTag {
  /** See `packageHash`. */
  readonly hash: string;
  readonly tag: string;
  /** `org/image:tag`, as `linuxkit pkg show-tag` prints it. */
  readonly shortReference: string;
  /** With its registry, such as `docker.io/linuxkit/init:0df5…`, as `linuxkit pkg show-tag --canonical` prints it. */
  readonly canonicalReference: string;
}

/**
 * Hash, tag and references of a package.
 *
 * @throws InputError `INPUT_TEMPLATE_INVALID`
 */
export function tagPackage(pkg: Package, facts: GitFacts): PackageTag {
  const hash = packageHash(pkg, facts);
  return namePackage(pkg, hash, hash);
}

/**
 * The same with a tag that covers all inputs. `hash` stays that of the tree: build arguments and labels are told of that.
 * Outside git there is no tag that says something of the content.
 *
 * @throws InputError `INPUT_TEMPLATE_INVALID`
 */
export function tagTransitively(pkg: Package, facts: GitFacts, inputs: readonly TagInput[]): PackageTag {
  const hash = packageHash(pkg, facts);
  const dirty = facts.contentHash === undefined ? "" : `-dirty-${facts.contentHash.slice(0, DIRTY_DIGITS)}`;
  return namePackage(pkg, hash, hash === "" ? "" : `${transitiveHash(inputs)}${dirty}`);
}

function namePackage(pkg: Package, hash: string, hashInTag: string): PackageTag {
  const tag = packageTag(pkg, hashInTag);
  const short = shortReference(pkg, tag);
  return Object.freeze({ hash, tag, shortReference: short, canonicalReference: canonicalReference(short) });
}
