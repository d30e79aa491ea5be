import { checkNonEmpty } from "../argument.ts";
import { invalidOp } from "../invalid-op.ts";

const DEFAULT_REGISTRY = "docker.io";
const NAME_LIMIT = 255;
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const REGISTRY =
  /^(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*(?::[0-9]+)?$|^\[[a-fA-F0-9:]+\](?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;
const BARE_DIGEST = /^[0-9a-f]{64}$/;

/** An image reference in full: registry and repository, and what it says besides. */
export interface ImageReference {
  /** Registry and repository, such as `docker.io/library/alpine`. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/**
 * Reads a reference as docker does: no registry means docker.io, no namespace there means library.
 *
 * @throws GraphError `LLB_INVALID_OP`
 * @source https://github.com/distribution/reference/blob/v0.6.0/normalize.go
 */
export function parseImageReference(text: string): ImageReference {
  checkNonEmpty(text, "the image reference", "source");
  const [beforeDigest = "", digest, ...more] = text.split("@");
  const slash = beforeDigest.lastIndexOf("/");
  const colon = beforeDigest.indexOf(":", slash + 1);
  const tag = colon < 0 ? undefined : beforeDigest.slice(colon + 1);
  const { registry, repository } = splitName(colon < 0 ? beforeDigest : beforeDigest.slice(0, colon));
  const valid =
    more.length === 0 &&
    REGISTRY.test(registry) &&
    REPOSITORY.test(repository) &&
    repository.length <= NAME_LIMIT &&
    !BARE_DIGEST.test(text) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest));
  if (!valid) {
    throw invalidOp(`"${text}" is not an image reference`, {
      op: "source",
      hint: "Write [registry/]repository[:tag][@sha256:digest]; repositories are lower case.",
    });
  }
  return Object.freeze({ name: `${registry}/${repository}`, tag, digest });
}

/** The reference in full, with tag `latest` where it has neither tag nor digest. */
export function normalizeImageReference(text: string): string {
  const reference = parseImageReference(text);
  const latest = reference.tag === undefined && reference.digest === undefined;
  return formatImageReference(latest ? { ...reference, tag: "latest" } : reference);
}

/** `name[:tag][@digest]`. */
export function formatImageReference({ name, tag, digest }: ImageReference): string {
  return `${name}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function splitName(name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isRegistry = /[.:[]/.test(first) || first === "localhost" || first.toLowerCase() !== first;
  const registry = isRegistry ? first : DEFAULT_REGISTRY;
  const repository = isRegistry ? name.slice(slash + 1) : name;
  if (registry !== DEFAULT_REGISTRY && registry !== "index.docker.io") return { registry, repository };
  return { registry: DEFAULT_REGISTRY, repository: repository.includes("/") ? repository : `library/${repository}` };
}
