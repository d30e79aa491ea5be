import { InputError } from "../core/errors.ts";
import type { FluentPackages } from "../run/fluent-packages.ts";
import { pkgs } from "../run/pkg.ts";
import type { Invocation } from "./command.ts";

/** The packages that a command line names, with its flags applied. */
export function packagesOf(invocation: Invocation): FluentPackages {
  const buildYml = invocation.text("build-yml");
  const dev = invocation.boolean("dev") ?? false;
  const org = invocation.text("org") ?? invocation.env.LINUXKIT_PKG_ORG ?? (dev ? invocation.env.USER : undefined);
  const tag = invocation.text("tag");
  const network = exclusive(invocation, "network", "nonetwork");
  const noCache = exclusive(invocation, "disable-cache", "enable-cache");
  let packages = pkgs(invocation.positionals, buildYml ? { buildYml } : {}).hash(hashOptions(invocation, dev));
  if (org) packages = packages.org(org);
  if (tag) packages = packages.tag(tag);
  if (network !== undefined) packages = packages.network(network);
  if (noCache !== undefined) packages = packages.noCache(noCache);
  return packages;
}

function hashOptions(invocation: Invocation, dev: boolean) {
  const hash = invocation.text("hash");
  const hashCommit = invocation.text("hash-commit");
  const hashPath = invocation.text("hash-path");
  const forceDirty = invocation.boolean("force-dirty");
  return {
    ...(hash ? { hash } : {}),
    ...(hashCommit ? { hashCommit } : {}),
    ...(hashPath ? { hashPath } : {}),
    ...(forceDirty === undefined ? {} : { forceDirty }),
    ...(dev ? { dev } : {}),
  };
}

/** A pair of flags that say yes and no to one thing; both at once is a mistake. */
function exclusive(invocation: Invocation, yes: string, no: string): boolean | undefined {
  const positive = invocation.boolean(yes);
  const negative = invocation.boolean(no);
  if (positive !== undefined && negative !== undefined) {
    throw new InputError("INPUT_OPTION_INVALID", `--${yes} and --${no} cannot be given together`);
  }
  return positive ?? (negative === undefined ? undefined : !negative);
}
