import { isAbsolute } from "node:path";
import { type Digest, digestHex } from "../core/digest.ts";
import { InputError } from "../core/errors.ts";
import { uploadUrl } from "../core/upload-url.ts";
import { parseGitRemote } from "../llb/sources/git-remote.ts";

/** A build context that the engine fetches: a git repository, or an archive. */
export interface RemoteContext {
  readonly kind: "git" | "archive";
  /** As the frontend takes it; "" for a file whose content nobody has looked at yet. */
  readonly url: string;
  /** An archive on this machine, which the engine gets from us. */
  readonly file?: ContextFile;
  /** A directory in it; "" for all of it. Of a git repository it stands in the URL. */
  readonly subdirectory: string;
}

/** An archive on this machine. */
export interface ContextFile {
  /** Absolute. */
  readonly path: string;
  /** What it held when the package was tagged. */
  readonly digest?: Digest;
}

const GIT = /^(?:git|ssh):\/\/|^[a-z0-9-_]+@[a-z0-9-.]+:|^https?:\/\/[^?#]*\.git(?:[?#]|$)/i;

/**
 * Reads the address of a build context: a git repository `https://host/path.git#ref:directory`, `ssh://…`, `git://…` or
 * `git@host:path`; any other http(s) address is that of an archive.
 *
 * @throws InputError `INPUT_OPTION_INVALID`; GraphError `LLB_INVALID_OP` for a git address that is not understood
 * @source https://github.com/moby/buildkit/blob/v0.33.1/frontend/dockerfile/dfgitutil/git_ref.go
 */
export function remoteContextOf(url: string, subdirectory = ""): RemoteContext {
  if (GIT.test(url)) {
    const { subdir } = parseGitRemote(url);
    if (url.includes("?")) throw invalid(url, "Write branch, tag or commit and directory as #ref:directory.");
    if (subdir !== "" && subdirectory !== "") throw invalid(url, "Name the directory only once.");
    return Object.freeze({ kind: "git", url, subdirectory: subdirectory || subdir });
  }
  if (/^https?:\/\/[^/?#]/i.test(url)) return Object.freeze({ kind: "archive", url, subdirectory });
  throw invalid(
    url,
    "Give a git repository, such as https://host/path.git#ref:directory, or an archive's http address.",
  );
}

/**
 * An archive on this machine as build context.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function fileContextOf(path: string, subdirectory = ""): RemoteContext {
  if (!isAbsolute(path)) throw invalid(path, "Give the archive's absolute path.");
  return Object.freeze({ kind: "archive", url: "", file: Object.freeze({ path }), subdirectory });
}

/** The archive with what it holds: its address says that, and nothing of where it lies. */
export function pinnedFile(context: RemoteContext, { path }: ContextFile, digest: Digest): RemoteContext {
  return Object.freeze({ ...context, url: uploadUrl(digestHex(digest)), file: Object.freeze({ path, digest }) });
}

/** The repository at a commit. */
export function pinnedContext(context: RemoteContext, commit: string): RemoteContext {
  const { url } = parseGitRemote(context.url);
  const directory = context.subdirectory === "" ? "" : `:${context.subdirectory}`;
  return Object.freeze({ ...context, url: `${url}#${commit}${directory}` });
}

function invalid(url: string, hint: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", `"${url}" is no build context that an engine can fetch`, {
    hint,
    details: { option: "context" },
  });
}
