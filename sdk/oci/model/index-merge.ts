import type { Digest } from "../../core/digest.ts";
import { isDigest } from "../../core/digest.ts";
import { formatPlatform } from "../../core/platform.ts";
import { type Descriptor, descriptorPlatform } from "./descriptor.ts";
import { createIndex, type ImageIndex } from "./manifest.ts";

/** The annotations with which BuildKit ties an attestation manifest to its image. */
const REFERENCE_TYPE = "vnd.docker.reference.type";
const REFERENCE_DIGEST = "vnd.docker.reference.digest";

/**
 * The image that an attestation manifest is about; undefined for everything else.
 *
 * @source https://github.com/moby/buildkit/blob/v0.26.3/docs/attestations/attestation-storage.md
 */
export function attestationSubject(descriptor: Descriptor): Digest | undefined {
  const subject = descriptor.annotations?.[REFERENCE_DIGEST];
  if (descriptor.annotations?.[REFERENCE_TYPE] !== "attestation-manifest" || subject === undefined) return undefined;
  return isDigest(subject) ? subject : undefined;
}

/**
 * An index that holds what it held and what is added.
 *
 * An added image takes the place of the one for the same os, architecture, variant and OS version; others are appended.
 * Attestations stay only while their image is there, and added ones replace those of the same image. Nothing appears
 * twice. Merging the same again changes nothing.
 */
export function mergeIndex(existing: ImageIndex | undefined, added: readonly Descriptor[]): ImageIndex {
  const images: Descriptor[] = [];
  for (const image of [...(existing?.manifests ?? []), ...added].filter(isImage)) placeImage(images, image);
  const present = new Set(images.map((image) => image.digest));
  const addedAttestations = added.filter((entry) => !isImage(entry));
  const attestedAnew = new Set(addedAttestations.map(attestationSubject));
  const keptAttestations = (existing?.manifests ?? []).filter(
    (entry) => !isImage(entry) && !attestedAnew.has(attestationSubject(entry)),
  );
  const attestations = uniqueByDigest([...keptAttestations, ...addedAttestations]).filter((entry) => {
    const subject = attestationSubject(entry);
    return subject !== undefined && present.has(subject);
  });
  return withMembersOf(
    existing,
    createIndex(inGivenOrder([...(existing?.manifests ?? []), ...added], [...images, ...attestations])),
  );
}

/** The index with annotations of its own; `known` decides what becomes of a key that it has already. */
export function annotateIndex(
  index: ImageIndex,
  annotations: Readonly<Record<string, string>>,
  known: "replace" | "keep" = "replace",
): ImageIndex {
  if (Object.keys(annotations).length === 0) return index;
  const { annotations: present = {} } = index;
  const all = known === "replace" ? { ...present, ...annotations } : { ...annotations, ...present };
  return Object.freeze({ ...index, annotations: Object.freeze(all) });
}

function isImage(entry: Descriptor): boolean {
  return entry.annotations?.[REFERENCE_TYPE] !== "attestation-manifest";
}

function placeImage(images: Descriptor[], image: Descriptor): void {
  const key = imageKey(image);
  const place = images.findIndex((other) => imageKey(other) === key);
  if (place < 0) images.push(image);
  else images[place] = image;
}

/** Two images with one key cannot be in one index; without platform, only the same content is the same. */
function imageKey(image: Descriptor): string {
  const platform = descriptorPlatform(image);
  if (platform === undefined) return image.digest;
  const { "os.version": version = "", "os.features": features = [] } = image.platform ?? {};
  return [formatPlatform(platform), version, ...features].join(" ");
}

function uniqueByDigest(entries: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(entries.map((entry) => [entry.digest, entry])).values()];
}

/** What was there keeps its place, so that an index in which nothing changed keeps its digest; the rest comes as added. */
function inGivenOrder(given: readonly Descriptor[], chosen: readonly Descriptor[]): readonly Descriptor[] {
  const byKey = new Map(chosen.map((entry) => [keyOf(entry), entry]));
  const keys = new Set(given.map(keyOf));
  return [...keys].flatMap((key) => byKey.get(key) ?? []);
}

function keyOf(entry: Descriptor): string {
  return isImage(entry) ? `image ${imageKey(entry)}` : `attestation ${entry.digest}`;
}

function withMembersOf(existing: ImageIndex | undefined, index: ImageIndex): ImageIndex {
  if (existing === undefined) return index;
  const { artifactType, annotations, subject } = existing;
  return Object.freeze({
    ...index,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(subject === undefined ? {} : { subject }),
  });
}
