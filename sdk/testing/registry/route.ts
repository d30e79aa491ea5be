import { type Digest, isDigest } from "../../core/digest.ts";
import { refuse } from "./refusal.ts";

/** What a path of the distribution API means. */
export type Route =
  | { readonly kind: "base" }
  | { readonly kind: "token" }
  | { readonly kind: "manifest"; readonly repository: string; readonly reference: ManifestReference }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: Digest }
  | { readonly kind: "uploads"; readonly repository: string }
  | { readonly kind: "upload"; readonly repository: string; readonly id: string }
  | { readonly kind: "tags"; readonly repository: string }
  | { readonly kind: "referrers"; readonly repository: string; readonly digest: Digest };

/** A tag or a digest. */
export type ManifestReference = { readonly digest: Digest } | { readonly tag: string };

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const NAME_LIMIT = 255;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const UPLOAD = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Reads a path. Everything in it is checked here, so that what becomes part of a file's name is safe.
 *
 * @throws a refusal
 */
export function parseRoute(path: string): Route {
  if (path === "/v2" || path === "/v2/") return { kind: "base" };
  if (path === "/token") return { kind: "token" };
  const match =
    /^\/v2\/(?<name>.+)\/(?<kind>manifests|blobs\/uploads|blobs|referrers)\/(?<rest>[^/]*)$/.exec(path) ??
    /^\/v2\/(?<name>.+)\/(?<kind>blobs\/uploads|tags)(?<rest>\/list)?$/.exec(path);
  const { name = "", kind = "", rest = "" } = match?.groups ?? {};
  if (match === null) throw refuse(404, "NAME_UNKNOWN", "no such address");
  if (!NAME.test(name) || name.length > NAME_LIMIT) throw refuse(400, "NAME_INVALID", "not a repository's name");
  return routeOf(kind, name, rest);
}

function routeOf(kind: string, repository: string, rest: string): Route {
  switch (kind) {
    case "manifests":
      return { kind: "manifest", repository, reference: parseManifestReference(rest) };
    case "blobs/uploads":
      if (rest === "") return { kind: "uploads", repository };
      if (!UPLOAD.test(rest)) throw refuse(404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
      return { kind: "upload", repository, id: rest };
    case "blobs":
      return { kind: "blob", repository, digest: parseDigest(rest) };
    case "referrers":
      return { kind: "referrers", repository, digest: parseDigest(rest) };
    default:
      return { kind: "tags", repository };
  }
}

function parseManifestReference(text: string): ManifestReference {
  if (text.includes(":")) return { digest: parseDigest(text) };
  if (!TAG.test(text)) throw refuse(400, "TAG_INVALID", "not a tag");
  return { tag: text };
}

/** Reads a digest. @throws a refusal */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw refuse(400, "DIGEST_INVALID", "not a sha256 digest");
  return text;
}

/** True if the text may be a repository's name. */
export function isRepositoryName(text: string): boolean {
  return NAME.test(text) && text.length <= NAME_LIMIT;
}
