import type { Abortable } from "../../core/abort.ts";
import { type Digest, digestOf, isDigest } from "../../core/digest.ts";
import { InputError, isKitsmithError } from "../../core/errors.ts";
import { checkDigest } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { describeContent, MANIFEST_LIMIT_BYTES, parseIndexOrManifest } from "../model/manifest.ts";
import { isIndexMediaType, isManifestMediaType, MANIFEST_MEDIA_TYPES } from "../model/media-type.ts";
import { formatReference, type Reference } from "../model/reference.ts";
import { readSmallAnswer } from "./http/answer-content.ts";
import type { HttpAnswer } from "./http/http.ts";
import { withRetry } from "./http/retry.ts";
import type { RegistryCall, Transport } from "./transport.ts";

/** A manifest as it is stored: its very bytes. */
export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly content: Uint8Array;
}

const ACCEPT = MANIFEST_MEDIA_TYPES.join(", ");

/** What a tag or digest stands for; undefined if the registry says that there is no such thing. */
export async function resolveManifest(
  transport: Transport,
  reference: Reference,
  options: Abortable,
): Promise<Descriptor | undefined> {
  try {
    const call = manifestCall("HEAD", reference, `looking for ${formatReference(reference)}`, options);
    const answer = await transport.callAgain(call);
    answer.discard();
    return describeHeaders(answer, reference) ?? (await getManifest(transport, reference, options)).descriptor;
  } catch (cause) {
    if (isKitsmithError(cause) && cause.code === "REGISTRY_NOT_FOUND") return undefined;
    throw cause;
  }
}

/** Reads a manifest; undefined if the registry says that there is no such thing. */
export async function findManifest(
  transport: Transport,
  reference: Reference,
  options: Abortable,
): Promise<StoredManifest | undefined> {
  try {
    return await getManifest(transport, reference, options);
  } catch (cause) {
    if (isKitsmithError(cause) && cause.code === "REGISTRY_NOT_FOUND") return undefined;
    throw cause;
  }
}

/** Reads a manifest. @throws RegistryError; ContentError `CONTENT_DIGEST_MISMATCH`, `CONTENT_CORRUPT` */
export async function getManifest(
  transport: Transport,
  reference: Reference,
  options: Abortable,
): Promise<StoredManifest> {
  // What breaks in the middle of the answer is asked for again, too.
  return await withRetry(() => readManifest(transport, reference, options), options);
}

async function readManifest(transport: Transport, reference: Reference, options: Abortable): Promise<StoredManifest> {
  const name = formatReference(reference);
  const answer = await transport.call(manifestCall("GET", reference, `reading ${name}`, options));
  const content = await readSmallAnswer(answer, MANIFEST_LIMIT_BYTES, name);
  const announced = announcedDigest(answer, reference);
  if (announced !== undefined) checkDigest(announced, digestOf(content), name);
  const { mediaType } = parseIndexOrManifest(content, { origin: name, mediaType: knownMediaType(answer) });
  return { descriptor: describeContent(content, mediaType), content };
}

/** Stores a manifest under a tag or digest. `knowsSubject`: the registry noted what it is about. @throws RegistryError */
export async function storeManifest(
  transport: Transport,
  reference: Reference,
  manifest: { readonly content: Uint8Array; readonly mediaType: string },
  options: Abortable,
): Promise<{ readonly descriptor: Descriptor; readonly knowsSubject: boolean }> {
  const { content, mediaType } = manifest;
  const answer = await transport.callAgain({
    ...manifestCall("PUT", reference, `pushing ${formatReference(reference)}`, options),
    access: "pull,push",
    headers: { "content-type": mediaType },
    body: { sizeBytes: content.byteLength, open: () => [content] },
    accepts: [200, 201, 202],
  });
  answer.discard();
  return { descriptor: describeContent(content, mediaType), knowsSubject: answer.headers["oci-subject"] !== undefined };
}

/** Removes a manifest or tag. @throws RegistryError */
export async function deleteManifest(transport: Transport, reference: Reference, options: Abortable): Promise<void> {
  const answer = await transport.callAgain({
    ...manifestCall("DELETE", reference, `deleting ${formatReference(reference)}`, options),
    access: "delete",
    accepts: [200, 202, 204],
  });
  answer.discard();
}

function manifestCall(
  method: RegistryCall["method"],
  reference: Reference,
  action: string,
  { signal }: Abortable,
): RegistryCall {
  const name = reference.digest ?? reference.tag;
  if (name === undefined) {
    throw new InputError("INPUT_REFERENCE_INVALID", `${formatReference(reference)} has neither tag nor digest`, {
      hint: "Add a tag, such as :latest.",
    });
  }
  return {
    repository: reference,
    method,
    path: `manifests/${name}`,
    access: "pull",
    headers: { accept: ACCEPT },
    action,
    accepts: [200],
    signal,
  };
}

/** A descriptor out of an answer's headers, if they say enough. */
function describeHeaders(answer: HttpAnswer, reference: Reference): Descriptor | undefined {
  const digest = announcedDigest(answer, reference);
  const mediaType = knownMediaType(answer);
  const length = answer.headers["content-length"];
  if (digest === undefined || mediaType === undefined || length === undefined || !/^\d{1,12}$/.test(length)) {
    return undefined;
  }
  return Object.freeze({ mediaType, size: Number(length), digest });
}

function announcedDigest(answer: HttpAnswer, reference: Reference): Digest | undefined {
  if (reference.digest !== undefined) return reference.digest;
  const header = answer.headers["docker-content-digest"];
  return typeof header === "string" && isDigest(header) ? header : undefined;
}

function knownMediaType(answer: HttpAnswer): string | undefined {
  const type = answer.headers["content-type"]?.split(";")[0]?.trim() ?? "";
  return isIndexMediaType(type) || isManifestMediaType(type) ? type : undefined;
}
