import { posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Pack } from "tar-stream";
import type { Abortable } from "../../core/abort.ts";
import { ContentError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import type { ContentReader } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { eachLayerEntry, type LayerEntry } from "./layer-entries.ts";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** What upper layers say about lower ones. */
interface Overlay {
  /** Paths that are there already, or are gone: what lower layers have under these names is not seen. */
  readonly hidden: Set<string>;
  /** Paths below which nothing of lower layers is seen. */
  readonly covered: Set<string>;
}

/**
 * Writes the files of an image as one tar: the entries of the highest layer first, and of lower ones those that no
 * higher layer replaces or takes away. Only names are held in memory.
 *
 * @throws ContentError `CONTENT_PATH_UNSAFE`, `CONTENT_CORRUPT`, and as {@link ContentReader.openBlob}
 * @source https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts
 */
export async function packFilesystem(
  archive: Pack,
  blobs: ContentReader,
  layers: readonly Descriptor[],
  options: Abortable = {},
): Promise<void> {
  const overlay: Overlay = { hidden: new Set(), covered: new Set() };
  for (const layer of [...layers].reverse()) await packLayer(archive, blobs, layer, overlay, options);
}

async function packLayer(
  archive: Pack,
  blobs: ContentReader,
  layer: Descriptor,
  overlay: Overlay,
  options: Abortable,
): Promise<void> {
  const own: Overlay = { hidden: new Set(), covered: new Set() };
  /** Links to files that a higher layer hides: the file itself is written under the first link's name. */
  const orphans = new Map<string, string[]>();
  await eachLayerEntry(
    blobs,
    layer,
    async (entry) => {
      const path = entryPath(entry.header.name);
      if (noteWhiteout(own, path) || !isSeen(overlay, path)) return;
      own.hidden.add(path);
      if (entry.header.type !== "directory") own.covered.add(path);
      const target = entry.header.type === "link" ? entryPath(entry.header.linkname ?? "") : undefined;
      if (target !== undefined && !isSeen(overlay, target)) addTo(orphans, target, path);
      else await packEntry(archive, entry, path, target, options);
    },
    options,
  );
  if (orphans.size > 0) await packOrphans(archive, blobs, layer, orphans, options);
  for (const path of own.hidden) overlay.hidden.add(path);
  for (const path of own.covered) overlay.covered.add(path);
}

async function packOrphans(
  archive: Pack,
  blobs: ContentReader,
  layer: Descriptor,
  orphans: ReadonlyMap<string, readonly string[]>,
  options: Abortable,
): Promise<void> {
  await eachLayerEntry(
    blobs,
    layer,
    async (entry) => {
      const [first, ...others] = orphans.get(entryPath(entry.header.name)) ?? [];
      if (first === undefined) return;
      await packEntry(archive, entry, first, undefined, options);
      for (const path of others) {
        archive.entry({ ...headerOf(entry), name: path.slice(1), type: "link", linkname: first.slice(1), size: 0 });
      }
    },
    options,
  );
}

/** True if the entry only says what lower layers must not show. */
function noteWhiteout(own: Overlay, path: string): boolean {
  const name = posix.basename(path);
  const directory = posix.dirname(path);
  if (!name.startsWith(WHITEOUT)) return false;
  if (name === OPAQUE) own.covered.add(directory);
  else {
    const gone = posix.join(directory, name.slice(WHITEOUT.length));
    own.hidden.add(gone);
    own.covered.add(gone);
  }
  return true;
}

function isSeen({ hidden, covered }: Overlay, path: string): boolean {
  if (hidden.has(path)) return false;
  for (let above = posix.dirname(path); ; above = posix.dirname(above)) {
    if (covered.has(above)) return false;
    if (above === "/") return true;
  }
}

async function packEntry(
  archive: Pack,
  entry: LayerEntry,
  path: string,
  linkTarget: string | undefined,
  { signal }: Abortable,
): Promise<void> {
  if (path === "/") return;
  const name = entry.header.type === "directory" ? `${path.slice(1)}/` : path.slice(1);
  const link = linkTarget === undefined ? {} : { linkname: linkTarget.slice(1) };
  const header = { ...headerOf(entry), name, ...link };
  if (isFile(entry)) await pipeline(Readable.from(entry), archive.entry(header), { signal });
  else archive.entry({ ...header, size: 0 });
}

function headerOf({ header }: LayerEntry): Parameters<Pack["entry"]>[0] {
  const { pax, ...fields } = header;
  if (!isRecord(pax)) return fields;
  // Names and sizes are written anew; what else stands in the extended header, such as capabilities, goes with it.
  const { path: _path, linkpath: _linkpath, size: _size, ...kept } = pax;
  return Object.keys(kept).length === 0 ? fields : { ...fields, pax: kept };
}

function isFile({ header }: LayerEntry): boolean {
  return header.type === "file" || header.type === "contiguous-file";
}

function addTo(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

/** The path in the image, from its root. @throws ContentError `CONTENT_PATH_UNSAFE` */
function entryPath(name: string): string {
  if (!name.split("/").includes("..") && !name.includes("\0")) return posix.resolve("/", name);
  throw new ContentError("CONTENT_PATH_UNSAFE", `a layer has an entry that leaves its root: ${name}`, {
    hint: "Do not use this image.",
    details: { name },
  });
}
