import { type Digest, isDigest } from "../../core/digest.ts";
import { InputError } from "../../core/errors.ts";

/** An image's name, in full. At least one of tag and digest is there where a single image is meant. */
export interface Reference {
  /** Host, with port if it has one; `docker.io` for Docker Hub. */
  readonly registry: string;
  /** Such as `library/alpine`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Docker Hub's name in references. */
export const DOCKER_HUB = "docker.io";

const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const NAME_LIMIT = 255;

/**
 * Reads `[host/]repository[:tag][@digest]` as docker does: a first part without dot and colon that is not `localhost`
 * belongs to the repository, and Docker Hub's single names lie under `library/`. No tag is added.
 *
 * @throws InputError `INPUT_REFERENCE_INVALID`
 * @source https://github.com/distribution/reference/blob/v0.6.0/reference.go#L5
 */
export function parseReference(text: string): Reference {
  const [beforeDigest = "", digest, ...rest] = text.split("@");
  if (rest.length > 0 || (digest !== undefined && !isDigest(digest))) throw invalid(text, "its digest is not sha256");
  const { name, tag } = splitTag(beforeDigest);
  if (tag !== undefined && !TAG.test(tag)) throw invalid(text, "its tag has characters that tags cannot have");
  const { registry, repository } = splitRegistry(name);
  if (!HOST.test(registry)) throw invalid(text, `"${registry}" is not a host`);
  if (!REPOSITORY.test(repository)) throw invalid(text, repositoryProblem(repository));
  if (registry.length + repository.length + 1 > NAME_LIMIT) throw invalid(text, "its name is too long");
  return Object.freeze({
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  });
}

/** The full name: `docker.io/library/alpine:3.22`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** The short name that people write: without Docker Hub's host, and without `library/` there. */
export function formatFamiliar(reference: Reference): string {
  const full = formatReference(reference);
  if (reference.registry !== DOCKER_HUB) return full;
  const onHub = full.slice(DOCKER_HUB.length + 1);
  return /^library\/[^/]+$/.test(reference.repository) ? onHub.slice("library/".length) : onHub;
}

/** The same repository with another tag, and without digest. */
export function withTag(reference: Reference, tag: string): Reference {
  if (!TAG.test(tag)) throw invalid(`${reference.repository}:${tag}`, "its tag has characters that tags cannot have");
  return Object.freeze({ registry: reference.registry, repository: reference.repository, tag });
}

/** How LinuxKit's commands complete a name. */
export interface ExpandOptions {
  /** Add `:latest` to a name without any colon. Default false, as with `cache export` and `cache push`. */
  readonly defaultTag?: boolean;
}

/**
 * Completes a name as the LinuxKit CLI does: one part lies under `docker.io/library/`, two under `docker.io/` unless the
 * first is a host; longer names stay as they are.
 *
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3/src/cmd/linuxkit/util/reference.go
 */
export function expandReference(name: string, options: ExpandOptions = {}): string {
  const parts = name.split("/");
  const [first = ""] = parts;
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  const full =
    parts.length === 1 ? `docker.io/library/${name}` : parts.length === 2 && !isHost ? `docker.io/${name}` : name;
  return options.defaultTag && !full.includes(":") ? `${full}:latest` : full;
}

function splitTag(text: string): { readonly name: string; readonly tag?: string } {
  const colon = text.lastIndexOf(":");
  if (colon < 0 || text.indexOf("/", colon) >= 0) return { name: text };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function splitRegistry(name: string): Pick<Reference, "registry" | "repository"> {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = first.includes(".") || first.includes(":") || first === "localhost" || first !== first.toLowerCase();
  const given = isHost ? first : DOCKER_HUB;
  const registry = given === "index.docker.io" ? DOCKER_HUB : given;
  const path = isHost ? name.slice(slash + 1) : name;
  return { registry, repository: registry === DOCKER_HUB && !path.includes("/") ? `library/${path}` : path };
}

function repositoryProblem(repository: string): string {
  return repository === repository.toLowerCase()
    ? `"${repository}" is not a repository's name`
    : "a repository's name is in lower case";
}

function invalid(text: string, problem: string): InputError {
  return new InputError("INPUT_REFERENCE_INVALID", `"${text}" is not an image reference: ${problem}`, {
    hint: "Write [host/]repository[:tag][@sha256:…], such as localhost:5000/team/app:v1.",
  });
}
