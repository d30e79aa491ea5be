import type { Abortable } from "../../core/abort.ts";
import { digestHex } from "../../core/digest.ts";
import { PlanError } from "../../core/errors.ts";
import { deepFreeze } from "../../core/freeze.ts";
import type { GitFacts } from "../../core/git-facts.ts";
import { readRemoteCommit } from "../../git/remote-commit.ts";
import { parseGitRemote } from "../../llb/sources/git-remote.ts";
import type { Package } from "../../pkg/package.ts";
import { pinnedContext, pinnedFile, type RemoteContext } from "../../pkg/remote-context.ts";
import { contextFileDigest } from "./context-file.ts";

/** True for a package whose build context the engine fetches: no directory of this machine has it. */
export function isRemote({ source }: Pick<Package, "source">): boolean {
  return source.kind === "dockerfile" && source.remote !== undefined;
}

/**
 * The package with its context as it is now: a git repository at its commit, a file with its digest. That is the package's
 * hash then. Others stay as they are.
 *
 * @throws PlanError `PLAN_NOT_IN_GIT` for an archive without hash, or for a reference that is not there; `PLAN_GIT_FAILED`;
 * InputError `INPUT_SOURCE_UNREADABLE`
 */
export async function withPinnedContext(pkg: Package, options: Abortable): Promise<Package> {
  const { source } = pkg;
  if (source.kind !== "dockerfile" || source.remote === undefined) return pkg;
  const { remote } = source;
  if (remote.file !== undefined) {
    const digest = await contextFileDigest(remote.file, options);
    const hash = { ...pkg.hash, hash: pkg.hash.hash || digestHex(digest) };
    return deepFreeze({ ...pkg, hash, source: { ...source, remote: pinnedFile(remote, remote.file, digest) } });
  }
  if (remote.kind === "git") {
    const { url, ref } = parseGitRemote(remote.url);
    const commit = await readRemoteCommit(url, ref, options);
    const hash = { ...pkg.hash, hash: pkg.hash.hash || commit };
    return deepFreeze({ ...pkg, hash, source: { ...source, remote: pinnedContext(remote, commit) } });
  }
  if (pkg.hash.hash) return pkg;
  throw new PlanError("PLAN_NOT_IN_GIT", `nothing tells what ${remote.url} holds, so ${pkg.image} has no hash`, {
    hint: 'Say which version it is: hash({ hash: "v1.2.3" }).',
  });
}

/** What git says of such a package: the commit that it is built from. */
export function remoteFacts({ source }: Package): GitFacts {
  const remote: RemoteContext | undefined = source.kind === "dockerfile" ? source.remote : undefined;
  const facts = { extraTreeHashes: [], dirty: false };
  if (remote?.kind !== "git") return { inGit: false, ...facts };
  return { inGit: true, revision: parseGitRemote(remote.url).ref, ...facts };
}
