import type { GitFacts } from "../core/git-facts.ts";
import type { Package } from "./package.ts";

/** Which kitsmith builds, as it stands in labels. */
export interface ToolVersion {
  readonly version: string;
  /** Its commit; `unknown` where the build does not know. */
  readonly revision: string;
}

/**
 * The labels of an image: those that LinuxKit sets, then the package's own, which win.
 *
 * The runtime configuration is always the package's `config`: `linuxkit build` reads it from this label.
 */
export function imageLabels(
  pkg: Pick<Package, "gitrepo" | "configLabel" | "labels">,
  facts: GitFacts,
  tool: ToolVersion,
): Readonly<Record<string, string>> {
  const revision = facts.dirty ? undefined : facts.revision;
  return Object.freeze({
    ...(facts.inGit && pkg.gitrepo !== "" ? { "org.opencontainers.image.source": pkg.gitrepo } : {}),
    ...(facts.inGit && revision !== undefined ? { "org.opencontainers.image.revision": revision } : {}),
    ...(pkg.configLabel === undefined ? {} : { "org.mobyproject.config": pkg.configLabel }),
    "org.mobyproject.linuxkit.version": tool.version,
    "org.mobyproject.linuxkit.revision": tool.revision,
    ...pkg.labels,
  });
}
