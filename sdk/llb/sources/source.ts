import { checkInteger, checkNonEmpty, checkTexts } from "../argument.ts";
import type { CallSite } from "../call-site.ts";
import { formatGoJson } from "../dump/go-json.ts";
import { invalidOp } from "../invalid-op.ts";
import type { SourceVertex } from "../vertex.ts";
import { type VertexOptions, vertexConstraints } from "../vertex-options.ts";
import { normalizeImageReference } from "./image-reference.ts";

/** Options of `llb.image`. */
export interface ImageOptions extends VertexOptions {
  /** `pull` asks the registry at every build, `local` takes what the engine has. Default: as the engine decides. */
  readonly resolveMode?: "default" | "pull" | "local";
  /** How the engine's records call it. */
  readonly recordType?: "regular" | "internal" | "frontend";
  /** Only the first so many layers. */
  readonly layerLimit?: number;
  /** The digest that the image must have. */
  readonly checksum?: string;
}

/** Options of `llb.local`. */
export interface LocalOptions extends VertexOptions {
  /** Only paths that match; patterns as in .dockerignore. */
  readonly include?: readonly string[];
  /** No paths that match. */
  readonly exclude?: readonly string[];
  /** Only these paths, and what they link to. */
  readonly followPaths?: readonly string[];
  /** Which of the engine's copies of the directory is reused. */
  readonly sharedKeyHint?: string;
  /** How the engine finds out what changed. `required`: refuse engines that cannot be told. */
  readonly differ?: { readonly type: "none" | "metadata"; readonly required?: boolean };
  /** Transfer only what stat tells, and these files whole. */
  readonly metadataOnly?: { readonly exceptions?: readonly string[] };
  /**
   * The session that serves the directory. Default: the one of the build. Without it an engine takes the directory for that of
   * the same name in a build that goes on at the same time, also if its files are others by now; packages name theirs.
   */
  readonly sessionId?: string;
}

/** Attributes of a source and the capabilities that they need. */
export interface SourceAttributes {
  readonly attributes: Record<string, string>;
  readonly caps: string[];
}

/** An image from a registry. */
export function imageVertex(reference: string, options: ImageOptions, site: CallSite | undefined): SourceVertex {
  const { resolveMode, recordType, layerLimit, checksum } = options;
  const collected: SourceAttributes = { attributes: {}, caps: ["source.image"] };
  if (resolveMode !== undefined && resolveMode !== "default") {
    put(collected, "image.resolvemode", resolveMode, resolveMode === "pull" ? "source.image.resolvemode" : undefined);
  }
  if (recordType !== undefined) put(collected, "image.recordtype", recordType);
  if (layerLimit !== undefined) {
    put(collected, "image.layerlimit", decimal(layerLimit), "source.image.layerlimit");
  }
  if (checksum !== undefined) put(collected, "image.checksum", checkDigest(checksum), "source.image.checksum");
  return sourceVertex(`docker-image://${normalizeImageReference(reference)}`, collected, options, site);
}

/** A directory that the client serves. */
export function localVertex(name: string, options: LocalOptions, site: CallSite | undefined): SourceVertex {
  const { include, exclude, followPaths, sharedKeyHint, sessionId, differ, metadataOnly } = options;
  const collected: SourceAttributes = { attributes: {}, caps: ["source.local"] };
  if (sessionId !== undefined && sessionId !== "") {
    put(collected, "local.session", sessionId, "source.local.sessionid");
  }
  putList(collected, "local.includepattern", include, "source.local.includepatterns");
  putList(collected, "local.followpaths", followPaths, "source.local.followpaths");
  putList(collected, "local.excludepatterns", exclude, "source.local.excludepatterns");
  if (sharedKeyHint !== undefined && sharedKeyHint !== "") {
    put(collected, "local.sharedkeyhint", sharedKeyHint, "source.local.sharedkeyhint");
  }
  if (differ !== undefined) {
    put(collected, "local.differ", differ.type, differ.required === true ? "source.local.differ" : undefined);
  }
  if (metadataOnly !== undefined) {
    put(collected, "local.metadatatransfer", "true", "source.local.metadatatransfer");
    putList(collected, "local.metadatatransferexclude", metadataOnly.exceptions);
  }
  return sourceVertex(
    `local://${checkNonEmpty(name, "the name of a local source", "source")}`,
    collected,
    options,
    site,
  );
}

/** A source vertex of what was collected. */
export function sourceVertex(
  identifier: string,
  { attributes, caps }: SourceAttributes,
  options: VertexOptions,
  site: CallSite | undefined,
): SourceVertex {
  return Object.freeze({
    kind: "source",
    identifier,
    attributes: Object.freeze(attributes),
    caps: Object.freeze(caps),
    constraints: vertexConstraints(options, "source"),
    site,
  });
}

/** Adds an attribute and the capability that it needs. */
export function put(collected: SourceAttributes, name: string, value: string, cap?: string): void {
  collected.attributes[name] = checkTexts([value], `the attribute ${name}`, "source")[0] ?? "";
  if (cap !== undefined && !collected.caps.includes(cap)) collected.caps.push(cap);
}

/** A number above zero as text. */
export function decimal(value: number): string {
  return String(checkInteger(value, [1, Number.MAX_SAFE_INTEGER], "the layer limit", "source"));
}

/** A digest in canonical form. */
export function checkDigest(digest: string): string {
  if (!/^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/.test(digest)) {
    throw invalidOp(`"${digest}" is not a digest`, {
      op: "source",
      hint: "Write sha256: and 64 lower-case hex digits.",
    });
  }
  return digest;
}

function putList(collected: SourceAttributes, name: string, values: readonly string[] | undefined, cap?: string): void {
  if (values === undefined || values.length === 0) return;
  put(collected, name, formatGoJson(checkTexts(values, `an element of ${name}`, "source")), cap);
}
