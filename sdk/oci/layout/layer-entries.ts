import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { type ExtractEvents, extract } from "tar-stream";
import type { Abortable } from "../../core/abort.ts";
import { ContentError, isKitsmithError } from "../../core/errors.ts";
import type { ContentReader } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";

/** An entry of a layer, and its content. */
export type LayerEntry = ExtractEvents["entry"][1];

/**
 * Visits the entries of a layer in the order in which they are stored; an entry's content that is not read is passed over.
 *
 * @throws ContentError `CONTENT_CORRUPT` if the layer is not a tar, or of a compression that this Node does not know;
 * and as {@link ContentReader.openBlob}
 */
export async function eachLayerEntry(
  blobs: ContentReader,
  layer: Descriptor,
  visit: (entry: LayerEntry) => Promise<void>,
  { signal }: Abortable = {},
): Promise<void> {
  const entries = extract();
  const stored = Readable.from(blobs.openBlob(layer, { signal }));
  const unpacked = pipeline([stored, ...decompression(layer), entries], { signal });
  const reading = (async () => {
    for await (const entry of entries) {
      await visit(entry);
      entry.resume();
    }
  })();
  const [unpacking, visiting] = await Promise.allSettled([unpacked, reading]);
  signal?.throwIfAborted();
  if (visiting.status === "rejected" && isKitsmithError(visiting.reason)) throw visiting.reason;
  if (unpacking.status === "rejected") throw asLayerError(unpacking.reason, layer);
  if (visiting.status === "rejected") throw asLayerError(visiting.reason, layer);
}

function decompression(layer: Descriptor): readonly NodeJS.ReadWriteStream[] {
  const { mediaType } = layer;
  if (/[+.]gzip$/.test(mediaType)) return [zlib.createGunzip()];
  if (!mediaType.endsWith("+zstd")) return [];
  // Node has it from 22.15 on.
  const create: unknown = Reflect.get(zlib, "createZstdDecompress");
  if (typeof create === "function") return [create()];
  throw new ContentError("CONTENT_CORRUPT", `layer ${layer.digest} is packed with zstd, which this Node cannot read`, {
    hint: "Use Node 22.15 or newer.",
  });
}

function asLayerError(cause: unknown, { digest }: Descriptor): unknown {
  if (isKitsmithError(cause)) return cause;
  return new ContentError("CONTENT_CORRUPT", `layer ${digest} cannot be read as a tar archive`, { cause });
}
