/**
 * `org/image`: what a package is called without tag.
 */
export function imageName(pkg: { readonly org: string; readonly image: string }): string {
  return `${pkg.org}/${pkg.image}`;
}

/** `org/image:tag`, as `linuxkit pkg show-tag` prints it. */
export function shortReference(pkg: { readonly org: string; readonly image: string }, tag: string): string {
  return `${imageName(pkg)}:${tag}`;
}

/**
 * A reference with its registry, by the LinuxKit CLI's rule: `docker.io/library/` before one part, `docker.io/` before
 * two of which the first is no host; longer names stay, so that `org/team/image` is taken for a registry called `org`.
 */
export function canonicalReference(reference: string): string {
  const parts = reference.split("/");
  if (parts.length === 1) return `docker.io/library/${reference}`;
  const [first = ""] = parts;
  const isHost = /[.:]/.test(first) || first === "localhost";
  return parts.length === 2 && !isHost ? `docker.io/${reference}` : reference;
}
