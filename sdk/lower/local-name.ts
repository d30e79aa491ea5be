import { digestHex, digestOf } from "../core/digest.ts";
import type { Package } from "../pkg/package.ts";
import type { VirtualRoot } from "./solve-request.ts";

/** The directories of a package's build context: its own, and the extra sources laid over it. */
export function packageRoot(pkg: Package): VirtualRoot {
  return {
    layers: [
      { directory: pkg.directory, prefix: "" },
      ...pkg.extraSources.map(({ directory, destination }) => ({ directory, prefix: destination })),
    ],
  };
}

/**
 * The name of a local source: kind and hash of its directories. A daemon keeps one copy for each name, so two packages
 * must not share one, and the same package must find its own again.
 */
export function localName(kind: string, root: VirtualRoot): string {
  const identity = root.layers.map(({ directory, prefix }) => `${prefix}\0${directory}`).join("\0\0");
  return `${kind}-${digestHex(digestOf(identity)).slice(0, 16)}`;
}

/** What a local source is, without the hash: `context`. */
export function localKind(name: string): string {
  return name.replace(/-[0-9a-f]{16}$/, "");
}
