import { ContentError } from "../core/errors.ts";
import type { Cache } from "../oci/layout/cache.ts";
import { readAttestedImage } from "../oci/model/attested-image.ts";
import type { Descriptor } from "../oci/model/descriptor.ts";
import { contentReceiver } from "../session/file-send.ts";
import type { BuildOutput } from "./build-output.ts";
import { type ImageSettings, imageAttributes } from "./image-attributes.ts";

/** Streams the engine's OCI archive into the cache. Blobs only: names are set by whoever knows that all went well. */
export function cacheOutput(cache: Cache, settings: ImageSettings): BuildOutput {
  let imported: readonly Descriptor[] = [];
  return {
    exporter: { type: "oci", attributes: imageAttributes(settings) },
    receive: contentReceiver(async (chunks, signal) => {
      imported = await cache.importArchive(chunks, { signal });
    }),
    complete: async () => {
      const [entry, ...others] = imported;
      if (entry && others.length === 0) {
        // The annotations are those of the archive: names in it.
        const { annotations: _names, ...root } = entry;
        return await readAttestedImage(cache, root);
      }
      throw new ContentError("CONTENT_CORRUPT", `the engine's archive holds ${imported.length} images in place of one`);
    },
  };
}
