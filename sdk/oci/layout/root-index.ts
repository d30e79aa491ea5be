import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ContentError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { createIndex, formatRootIndex, type ImageIndex, parseIndex } from "../model/manifest.ts";
import { incomingDirectory } from "./blob-store.ts";
import { replaceFile } from "./durable-file.ts";
import { hasErrorCode } from "./write-error.ts";

/** The annotation that holds an entry's name. */
export const NAME_ANNOTATION = "org.opencontainers.image.ref.name";
/** Caches hold thousands of images; an index of one image never does. */
const REPAIR = "`kitsmith cache check --repair` puts right what can be put right.";
const ROOT_ENTRY_LIMIT = 100_000;

/** An entry of index.json: a name and what it stands for. */
export interface NamedDescriptor {
  /** As it is stored; LinuxKit writes full names, such as `docker.io/linuxkit/init:v1`. */
  readonly name: string;
  readonly descriptor: Descriptor;
}

/** Reads index.json; undefined if there is none. @throws ContentError `CONTENT_CORRUPT` naming the file */
export async function readRootIndex(layout: string): Promise<ImageIndex | undefined> {
  return await createRootIndexReader(layout)();
}

/** Reads index.json each time that it is called, and parses it only where its bytes are others than the last time. */
export function createRootIndexReader(layout: string): () => Promise<ImageIndex | undefined> {
  const path = join(layout, "index.json");
  let last: { readonly content: Uint8Array; readonly index: ImageIndex } | undefined;
  return async () => {
    const content = await readIfThere(path);
    if (content === undefined) return undefined;
    if (last === undefined || Buffer.compare(last.content, content) !== 0) {
      last = { content, index: parseIndex(content, { origin: path, entryLimit: ROOT_ENTRY_LIMIT }) };
    }
    return last.index;
  };
}

/** Replaces index.json; to be called under the lock. @throws ContentError `CONTENT_WRITE_FAILED` */
export async function writeRootIndex(layout: string, index: ImageIndex): Promise<void> {
  await replaceFile(join(layout, "index.json"), formatRootIndex(index), incomingDirectory(layout));
}

/** Makes an empty layout where none is; to be called under the lock. */
export async function initializeLayout(layout: string): Promise<void> {
  if (!(await isMarked(layout))) await writeMarker(layout);
  if ((await readRootIndex(layout)) === undefined) await writeRootIndex(layout, createIndex([]));
}

/** Writes oci-layout. @throws ContentError `CONTENT_WRITE_FAILED` */
export async function writeMarker(layout: string): Promise<void> {
  const marker = JSON.stringify({ imageLayoutVersion: "1.0.0" }, undefined, 4);
  await replaceFile(join(layout, "oci-layout"), marker, incomingDirectory(layout));
}

/** True if oci-layout is there. @throws ContentError `CONTENT_CORRUPT` if it is, but says something else */
export async function isMarked(layout: string): Promise<boolean> {
  const path = join(layout, "oci-layout");
  const content = await readIfThere(path);
  if (content === undefined) return false;
  const marker = parseJson(content);
  const version = isRecord(marker) ? marker.imageLayoutVersion : undefined;
  if (version === "1.0.0") return true;
  throw new ContentError("CONTENT_CORRUPT", `${path} does not say that this is an OCI layout of version 1.0.0`, {
    hint: version === undefined ? REPAIR : "Use another directory, or remove this one.",
    details: { path, ...(typeof version === "string" ? { version } : {}) },
  });
}

/** The entries that have names, in the file's order. */
export function namedEntries(index: ImageIndex): readonly NamedDescriptor[] {
  return index.manifests.flatMap((descriptor) => {
    const name = descriptor.annotations?.[NAME_ANNOTATION];
    return name === undefined ? [] : [{ name, descriptor }];
  });
}

/** The index with a name that stands for something else, or, with undefined, for nothing: names are unique. */
export function withEntry(index: ImageIndex, name: string, descriptor: Descriptor | undefined): ImageIndex {
  const others = index.manifests.filter((entry) => entry.annotations?.[NAME_ANNOTATION] !== name);
  if (descriptor === undefined) return { ...index, manifests: others };
  const entry = { ...descriptor, annotations: { ...descriptor.annotations, [NAME_ANNOTATION]: name } };
  return { ...index, manifests: [...others, entry] };
}

function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(content));
  } catch {
    return undefined;
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (hasErrorCode(cause, "ENOENT")) return undefined;
    throw new ContentError("CONTENT_CORRUPT", `${path} cannot be read`, { cause, details: { path } });
  }
}
