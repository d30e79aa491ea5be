/** A tag that covers all that goes into an image. Made by {@link transitive}. */
export interface TransitiveTag {
  readonly kind: "transitive";
  /** As for other tags; `.Hash` is the hash of all inputs. */
  readonly template?: string;
}

/**
 * A tag that covers, besides the package's tree: build arguments with the values that they resolve to, the tags of packages
 * that it uses and what theirs do not cover, the recipe's graph, and every setting. The same tag then means the same
 * inputs; images that differ in them have tags of their own. LinuxKit's own tag covers the tree alone.
 *
 * @example
 * ```ts
 * pkg("pkg/agent").tag(transitive()).buildArgs({ CHANNEL: "stable" });
 * pkg("pkg/agent").tag(transitive("{{.Hash}}-edge"));
 * ```
 */
export function transitive(template?: string): TransitiveTag {
  return Object.freeze({ kind: "transitive", ...(template === undefined ? {} : { template }) });
}

/** What a tag comes to as settings of a package. */
export function tagSettings(tag: string | TransitiveTag): { readonly tag?: string; readonly transitive: boolean } {
  if (typeof tag === "string") return { tag, transitive: false };
  return { transitive: true, ...(tag.template === undefined ? {} : { tag: tag.template }) };
}
