import { checkNonEmpty } from "../argument.ts";
import type { CallSite } from "../call-site.ts";
import { invalidOp } from "../invalid-op.ts";
import { joinPath } from "../path.ts";
import type { SourceVertex } from "../vertex.ts";
import type { VertexOptions } from "../vertex-options.ts";
import { type GitRemote, parseGitRemote } from "./git-remote.ts";
import { put, type SourceAttributes, sourceVertex } from "./source.ts";

/** Options of `llb.git`. */
export interface GitOptions extends VertexOptions {
  /** Branch, tag or commit. Default: what stands behind `#` in the URL, else the remote's default branch. */
  readonly ref?: string;
  /** Only this directory. Default: what stands behind `#ref:` in the URL, else all. */
  readonly subdir?: string;
  /** Keep `.git`. Default false. */
  readonly keepGitDir?: boolean;
  /** The commit that it must be; a prefix is enough. */
  readonly checksum?: string;
  /** The secret with a token for https. Default `GIT_AUTH_TOKEN`; "" for none. */
  readonly authTokenSecret?: string;
  /** The secret with an authorization header for https. Default `GIT_AUTH_HEADER`; "" for none. */
  readonly authHeaderSecret?: string;
  /** Lines of a known_hosts file, for ssh. */
  readonly knownSshHosts?: string;
  /** The agent's id in the build, for ssh. Default `default`. */
  readonly sshId?: string;
  /** Default false. */
  readonly skipSubmodules?: boolean;
  /** Times of files: those of the checkout, or that of the commit. Default: as the engine decides (`checkout`). */
  readonly mtime?: "checkout" | "commit";
  /** Fetch by the commit in `checksum` rather than by `ref`. Default false. */
  readonly fetchByCommit?: boolean;
  /** Let git print its advice. Default false. */
  readonly advice?: boolean;
  /** Take the history from a git bundle rather than from the remote; needs `checksum`. */
  readonly bundle?: GitBundle;
  /** Give the history as one bundle file rather than as files. Default false. */
  readonly checkoutBundle?: boolean;
  /** Accept only what is signed with one of these keys. */
  readonly signature?: GitSignature;
}

/** Where a git bundle lies. */
export interface GitBundle {
  /** `docker-image+blob://…@sha256:…` or `oci-layout+blob://…@sha256:…`. */
  readonly locator: string;
  /** For an OCI layout: the session and the store that have it. */
  readonly sessionId?: string;
  readonly storeId?: string;
}

/** How a git signature is judged. */
export interface GitSignature {
  /** Armored. */
  readonly publicKey: string;
  readonly rejectExpired?: boolean;
  readonly requireSignedTag?: boolean;
  readonly ignoreSignedTag?: boolean;
}

/** A git repository at a commit. */
export function gitVertex(url: string, options: GitOptions, site: CallSite | undefined): SourceVertex {
  const remote = parseGitRemote(url);
  const collected: SourceAttributes = { attributes: {}, caps: ["source.git", "source.git.fullurl"] };
  put(collected, "git.fullurl", remote.url);
  putAuth(collected, options);
  if (remote.scheme === "ssh") putSsh(collected, options);
  putFlags(collected, options);
  if (options.checksum !== undefined) {
    put(collected, "git.checksum", checkNonEmpty(options.checksum, "the checksum", "source"), "source.git.checksum");
  }
  if (options.mtime !== undefined) put(collected, "git.mtime", options.mtime, "source.git.mtime");
  if (options.bundle !== undefined) putBundle(collected, options.bundle, options);
  if (options.signature !== undefined) putSignature(collected, options.signature);
  return sourceVertex(`git://${gitIdentifier(remote, options)}`, collected, options, site);
}

function gitIdentifier(remote: GitRemote, options: GitOptions): string {
  const ref = options.ref ?? remote.ref;
  const subdir = joinPath("/", options.subdir ?? remote.subdir).slice(1);
  if (options.checkoutBundle === true && (subdir !== "" || options.keepGitDir === true)) {
    throw invalidOp("a git bundle has neither a sub-directory nor a .git", {
      op: "source",
      hint: "Leave out checkoutBundle, or subdir and keepGitDir.",
    });
  }
  const fragment = ref === "" && subdir === "" ? "" : `#${ref}${subdir === "" ? "" : `:${subdir}`}`;
  return `${remote.host}${joinPath("/", remote.path)}${fragment}`;
}

function putAuth(collected: SourceAttributes, { authTokenSecret, authHeaderSecret }: GitOptions): void {
  const cap = authTokenSecret === undefined && authHeaderSecret === undefined ? undefined : "source.git.httpauth";
  const token = authTokenSecret ?? "GIT_AUTH_TOKEN";
  const header = authHeaderSecret ?? "GIT_AUTH_HEADER";
  if (token !== "") put(collected, "git.authtokensecret", token, cap);
  if (header !== "") put(collected, "git.authheadersecret", header, cap);
}

function putSsh(collected: SourceAttributes, { knownSshHosts, sshId }: GitOptions): void {
  if (knownSshHosts !== undefined && knownSshHosts !== "") {
    put(collected, "git.knownsshhosts", `${knownSshHosts.replace(/\n$/, "")}\n`);
  }
  collected.caps.push("source.git.knownsshhosts");
  put(
    collected,
    "git.mountsshsock",
    sshId === undefined || sshId === "" ? "default" : sshId,
    "source.git.mountsshsock",
  );
}

function putFlags(collected: SourceAttributes, options: GitOptions): void {
  if (options.keepGitDir === true) put(collected, "git.keepgitdir", "true", "source.git.keepgitdir");
  if (options.skipSubmodules === true) put(collected, "git.skipsubmodules", "true", "source.git.skipsubmodules");
  if (options.advice === true) put(collected, "git.advice", "true");
  if (options.fetchByCommit === true) put(collected, "git.fetchbycommit", "true", "source.git.fetchbycommit");
  if (options.checkoutBundle === true) put(collected, "git.checkoutbundle", "true", "source.git.checkoutbundle");
}

function putBundle(collected: SourceAttributes, bundle: GitBundle, { checksum }: GitOptions): void {
  if (checksum === undefined) {
    throw invalidOp("a git bundle without checksum", { op: "source", hint: "Say in checksum which commit is meant." });
  }
  put(
    collected,
    "git.bundle",
    checkNonEmpty(bundle.locator, "the locator of the bundle", "source"),
    "source.git.bundle",
  );
  if (bundle.sessionId !== undefined && bundle.sessionId !== "") put(collected, "oci.session", bundle.sessionId);
  if (bundle.storeId !== undefined && bundle.storeId !== "") put(collected, "oci.store", bundle.storeId);
}

function putSignature(collected: SourceAttributes, signature: GitSignature): void {
  const cap = "source.git.signatureverify";
  put(collected, "git.sig.pubkey", checkNonEmpty(signature.publicKey, "the public key", "source"), cap);
  if (signature.rejectExpired === true) put(collected, "git.sig.rejectexpired", "true");
  if (signature.requireSignedTag === true) put(collected, "git.sig.requiresignedtag", "true");
  if (signature.ignoreSignedTag === true) put(collected, "git.sig.ignoresignedtag", "true");
}
