import { checkNonEmpty } from "../argument.ts";
import { invalidOp } from "../invalid-op.ts";

/** A git URL, taken apart. */
export interface GitRemote {
  readonly scheme: "http" | "https" | "ssh" | "git";
  /** With port, without user. */
  readonly host: string;
  readonly path: string;
  /** What git is given: no fragment, no query. */
  readonly url: string;
  /** From the fragment `#ref:subdir`; "" where it says nothing. */
  readonly ref: string;
  readonly subdir: string;
}

const SCHEME = /^([a-zA-Z0-9]+):\/\//;
const STANDARD = /^[a-zA-Z0-9]+:\/\/(?:([^@/?#]*)@)?([^/?#]+)([^?#]*)(?:\?[^#]*)?(?:#(.*))?$/;
const SCP_STYLE = /^([a-zA-Z0-9-_]+)@([a-zA-Z0-9-.]+):(.*?)(?:\?.*?)?(?:#(.*))?$/;

/**
 * Reads a URL as git and BuildKit do: `https://host/path`, `ssh://git@host/path`, `git@host:path`, or a bare
 * `host/path`, which means https.
 *
 * @throws GraphError `LLB_INVALID_OP`
 * @source https://github.com/moby/buildkit/blob/v0.33.1/util/gitutil/git_url.go
 */
export function parseGitRemote(text: string): GitRemote {
  checkNonEmpty(text, "the git URL", "source");
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) return standardRemote(text, scheme);
  const [, user, host, path, fragment] = SCP_STYLE.exec(text) ?? [];
  if (user === undefined || host === undefined || path === undefined) return standardRemote(`https://${text}`, "https");
  return Object.freeze({ scheme: "ssh", host, path, url: `${user}@${host}:${path}`, ...splitFragment(fragment) });
}

function standardRemote(text: string, scheme: string): GitRemote {
  const [, user, host, path = "", fragment] = STANDARD.exec(text) ?? [];
  if (host === undefined || !isScheme(scheme)) throw urlError("a git URL that is not understood");
  if (user?.includes(":") === true) {
    throw urlError("a git URL with a password in it", "Leave it out; pass the token as secret GIT_AUTH_TOKEN.");
  }
  const url = `${scheme}://${user === undefined ? "" : `${user}@`}${host}${path}`;
  return Object.freeze({ scheme, host, path: decodePath(path), url, ...splitFragment(fragment) });
}

function splitFragment(fragment = ""): Pick<GitRemote, "ref" | "subdir"> {
  const colon = fragment.indexOf(":");
  return colon < 0
    ? { ref: fragment, subdir: "" }
    : { ref: fragment.slice(0, colon), subdir: fragment.slice(colon + 1) };
}

function isScheme(text: string): text is GitRemote["scheme"] {
  return text === "http" || text === "https" || text === "ssh" || text === "git";
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw urlError("a git URL with a wrong % in its path", undefined, cause);
  }
}

function urlError(
  message: string,
  hint = "Write https://host/path, ssh://git@host/path or git@host:path.",
  cause?: unknown,
): Error {
  return invalidOp(message, { op: "source", hint, cause });
}
