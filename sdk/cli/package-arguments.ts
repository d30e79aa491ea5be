import { InputError } from "../core/errors.ts";
import type { FluentPackage } from "../run/facade/fluent-package.ts";
import type { FluentPackages } from "../run/facade/fluent-packages.ts";
import { pkg, pkgs } from "../run/facade/pkg.ts";
import type { Invocation } from "./command.ts";

/** The packages that a command line names, with its flags applied. */
export function packagesOf(invocation: Invocation): FluentPackages {
  const { hash, org, tag, network, noCache } = settingsOf(invocation);
  let packages = pkgs(invocation.positionals, buildYmlOf(invocation)).hash(hash);
  if (org) packages = packages.org(org);
  if (tag) packages = packages.tag(tag);
  if (network !== undefined) packages = packages.network(network);
  if (noCache !== undefined) packages = packages.noCache(noCache);
  return packages;
}

/** The package in a directory, with the command line's flags applied. */
export function packageOf(invocation: Invocation, directory: string): FluentPackage {
  const { hash, org, tag, network, noCache } = settingsOf(invocation);
  let source = pkg(directory, buildYmlOf(invocation)).hash(hash);
  if (org) source = source.org(org);
  if (tag) source = source.tag(tag);
  if (network !== undefined) source = source.network(network);
  return noCache ? source.noCache() : source;
}

function buildYmlOf(invocation: Invocation) {
  const buildYml = invocation.text("build-yml");
  return buildYml ? { buildYml } : {};
}

function settingsOf(invocation: Invocation) {
  const dev = invocation.boolean("dev") ?? false;
  return {
    hash: hashOptions(invocation, dev),
    org: invocation.text("org") || invocation.env.LINUXKIT_PKG_ORG || (dev ? invocation.env.USER : undefined),
    tag: invocation.text("tag"),
    network: exclusive(invocation, "network", "nonetwork"),
    noCache: exclusive(invocation, "disable-cache", "enable-cache"),
  };
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
