import { checkInteger, checkMode, checkNonEmpty } from "../argument.ts";
import type { CallSite } from "../call-site.ts";
import { invalidOp } from "../invalid-op.ts";
import type { SourceVertex } from "../vertex.ts";
import type { VertexOptions } from "../vertex-options.ts";
import { checkDigest, put, type SourceAttributes, sourceVertex } from "./source.ts";

/** How the file of a download or of a blob is made. */
export interface FileSourceOptions extends VertexOptions {
  /** Default: what the server says, else the last part of the URL, else `download`. */
  readonly filename?: string;
  /** Permission bits. Default 0o600. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Options of `llb.http`. */
export interface HttpOptions extends FileSourceOptions {
  /** The digest that the content must have. */
  readonly checksum?: string;
  /** The secret with the authorization header. Default: `HTTP_AUTH_HEADER_<host>` and `HTTP_AUTH_TOKEN_<host>`. */
  readonly authHeaderSecret?: string;
  /** The header Accept. */
  readonly accept?: string;
  /** The header User-Agent. */
  readonly userAgent?: string;
  /** Accept only what has this OpenPGP signature; both armored. */
  readonly signature?: { readonly publicKey: string; readonly signature: string };
}

const OWNER_LIMIT = 0xffffffff;

/** A file from the web. */
export function httpVertex(url: string, options: HttpOptions, site: CallSite | undefined): SourceVertex {
  if (!/^https?:\/\/[^/]/.test(checkNonEmpty(url, "the URL", "source"))) {
    throw invalidOp("a download that is not http or https", { op: "source", hint: "Write https://host/path." });
  }
  const { checksum, authHeaderSecret, accept = "", userAgent = "", signature } = options;
  const collected: SourceAttributes = { attributes: {}, caps: ["source.http"] };
  if (checksum !== undefined) put(collected, "http.checksum", checkDigest(checksum), "source.http.checksum");
  // The third name is misspelt in BuildKit itself.
  putFile(collected, options, { mode: "source.http.perm", owner: "soruce.http.uidgid" });
  if (authHeaderSecret !== undefined && authHeaderSecret !== "") {
    put(collected, "http.authheadersecret", authHeaderSecret, "source.http.auth");
  }
  if (accept !== "") put(collected, "http.header.accept", accept, "source.http.header");
  if (userAgent !== "") put(collected, "http.header.user-agent", userAgent, "source.http.header");
  if (signature !== undefined) {
    put(collected, "http.sig.pubkey", checkNonEmpty(signature.publicKey, "the public key", "source"));
    const text = checkNonEmpty(signature.signature, "the signature", "source");
    put(collected, "http.sig.signature", text, "source.http.signatureverify");
  }
  return sourceVertex(url, collected, options, site);
}

/** Adds the attributes of the file that a download or a blob becomes. */
export function putFile(
  collected: SourceAttributes,
  { filename, mode, uid, gid }: FileSourceOptions,
  caps: { readonly mode?: string; readonly owner?: string } = {},
): void {
  if (filename !== undefined) put(collected, "http.filename", checkFilename(filename));
  if (mode !== undefined && checkMode(mode, "the mode", "source") !== 0) {
    put(collected, "http.perm", `0${mode.toString(8)}`, caps.mode);
  }
  for (const [name, id] of [
    ["http.uid", uid],
    ["http.gid", gid],
  ] as const) {
    if (id !== undefined && checkInteger(id, [0, OWNER_LIMIT], name, "source") !== 0) {
      put(collected, name, String(id), caps.owner);
    }
  }
}

function checkFilename(filename: string): string {
  if (checkNonEmpty(filename, "the file name", "source").includes("/") || filename === "." || filename === "..") {
    throw invalidOp(`"${filename}" is not a file name`, { op: "source", hint: "Pass a name without slashes." });
  }
  return filename;
}
