import { checkNonEmpty } from "../argument.ts";
import type { CallSite } from "../call-site.ts";
import { invalidOp } from "../invalid-op.ts";
import type { SourceVertex } from "../vertex.ts";
import type { VertexOptions } from "../vertex-options.ts";
import { type FileSourceOptions, putFile } from "./http-source.ts";
import { formatImageReference, parseImageReference } from "./image-reference.ts";
import { decimal, put, type SourceAttributes, sourceVertex } from "./source.ts";

/** Which content store of which session is asked. */
export interface OciStoreOptions {
  /** The store's name in the session. Default: the name in the reference. */
  readonly storeId?: string;
  /** Default: any session of the build. */
  readonly sessionId?: string;
}

/** Options of `llb.ociLayout`. */
export interface OciLayoutOptions extends VertexOptions, OciStoreOptions {
  /** Only the first so many layers. */
  readonly layerLimit?: number;
}

/** Options of `llb.ociLayoutBlob`. */
export interface OciLayoutBlobOptions extends FileSourceOptions, OciStoreOptions {}

/** An image in an OCI layout that the session serves. */
export function ociLayoutVertex(ref: string, options: OciLayoutOptions, site: CallSite | undefined): SourceVertex {
  const collected: SourceAttributes = { attributes: {}, caps: ["source.ocilayout"] };
  if (!/^[^@]+@[a-z0-9]+:[0-9a-f]+$/.test(checkNonEmpty(ref, "the reference", "source"))) {
    throw invalidOp(`"${ref}" names no digest`, { op: "source", hint: "Write name[:tag]@sha256:digest." });
  }
  putStore(collected, options);
  if (options.layerLimit !== undefined) put(collected, "oci.layerlimit", decimal(options.layerLimit));
  return sourceVertex(`oci-layout://${ref}`, collected, options, site);
}

/** One blob of a registry's repository, as a file. */
export function imageBlobVertex(ref: string, options: FileSourceOptions, site: CallSite | undefined): SourceVertex {
  const collected: SourceAttributes = { attributes: {}, caps: ["source.imageblob"] };
  putFile(collected, options);
  return sourceVertex(`docker-image+blob://${blobReference(ref)}`, collected, options, site);
}

/** One blob of an OCI layout that the session serves, as a file. */
export function ociLayoutBlobVertex(
  ref: string,
  options: OciLayoutBlobOptions,
  site: CallSite | undefined,
): SourceVertex {
  const collected: SourceAttributes = { attributes: {}, caps: ["source.imageblob"] };
  putFile(collected, options);
  putStore(collected, options);
  return sourceVertex(`oci-layout+blob://${blobReference(ref)}`, collected, options, site);
}

function putStore(collected: SourceAttributes, { sessionId, storeId }: OciStoreOptions): void {
  if (sessionId !== undefined && sessionId !== "") put(collected, "oci.session", sessionId);
  if (storeId !== undefined && storeId !== "") put(collected, "oci.store", storeId);
}

function blobReference(text: string): string {
  const reference = parseImageReference(text);
  if (reference.tag !== undefined || reference.digest === undefined) {
    throw invalidOp(`"${text}" does not name a blob`, {
      op: "source",
      hint: "Write name@sha256:digest, without a tag.",
    });
  }
  return formatImageReference(reference);
}
