import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { type Digest, isDigest } from "../../core/digest.ts";
import { ContentError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { createBlobStore } from "../../oci/layout/blob-store.ts";
import { lockFile } from "../../oci/layout/file-lock.ts";
import {
  initializeLayout,
  namedEntries,
  readRootIndex,
  withEntry,
  writeRootIndex,
} from "../../oci/layout/root-index.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import { createIndex } from "../../oci/model/manifest.ts";

const LOCK = "index.json.lock";

/** The digest of a cache in a directory; undefined if it is not there, or not whole. */
export async function findLocalCache(directory: string, tag: string): Promise<Digest | undefined> {
  const index = await readRootIndex(directory).catch(() => undefined);
  const found = index && namedEntries(index).find(({ name }) => name === tag)?.descriptor;
  if (found === undefined) return undefined;
  return (await createBlobStore(directory).hasBlob(found)) ? found.digest : undefined;
}

/** Makes the directory of a cache. @throws ContentError `CONTENT_WRITE_FAILED` */
export async function prepareLocalCache(directory: string): Promise<void> {
  try {
    await mkdir(resolve(directory), { recursive: true });
  } catch (cause) {
    throw new ContentError("CONTENT_WRITE_FAILED", `the directory ${directory} cannot be made for a cache`, { cause });
  }
}

/** Gives a cache its name in the directory, once all of it is there; several may be written at the same time. */
export async function nameLocalCache(
  directory: string,
  tag: string,
  response: Readonly<Record<string, string>>,
  options: Abortable,
): Promise<void> {
  const descriptor = manifestOf(response["cache.manifest"]);
  // The engine writes nothing where no step of the build has a layer.
  if (descriptor === undefined) return;
  const layout = resolve(directory);
  await using _lock = await lockFile(join(layout, LOCK), options);
  await initializeLayout(layout);
  const index = (await readRootIndex(layout)) ?? createIndex([]);
  await writeRootIndex(layout, withEntry(index, tag, descriptor));
}

function manifestOf(text: string | undefined): Descriptor | undefined {
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  if (!isRecord(value)) return undefined;
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== "string" || typeof digest !== "string" || typeof size !== "number") return undefined;
  return isDigest(digest) ? { mediaType, digest, size } : undefined;
}
