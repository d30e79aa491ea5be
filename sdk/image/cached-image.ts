import type { Digest } from "../core/digest.ts";
import { ContentError, EngineError } from "../core/errors.ts";
import { formatPlatform, type PlatformText, parsePlatform } from "../core/platform.ts";
import type { Cache } from "../oci/layout/cache.ts";
import { type Descriptor, descriptorPlatform } from "../oci/model/descriptor.ts";
import { parseImageConfig } from "../oci/model/image-config.ts";
import { isIndex, parseIndexOrManifest, parseManifest } from "../oci/model/manifest.ts";
import { createImage } from "./create-image.ts";
import type { Image } from "./image.ts";
import type { ImageContent } from "./image-content.ts";
import { ImageTree } from "./image-tree.ts";

/**
 * Opens an image that the cache holds. Its programs cannot be run.
 *
 * @throws ContentError `CONTENT_NOT_FOUND`, `CONTENT_CORRUPT`
 */
export async function openCachedImage(cache: Cache, reference: string, text: PlatformText): Promise<Image> {
  const platform = parsePlatform(text);
  const descriptor = await findImage(cache, reference, formatPlatform(platform));
  const manifest = parseManifest(await cache.readBlob(descriptor), { origin: describe(descriptor.digest) });
  const config = parseImageConfig(await cache.readBlob(manifest.config), describe(manifest.config.digest));
  const tree = await ImageTree.read(manifest.layers, (layer) => cache.openBlob(layer));
  return createImage({ platform, reference, digest: descriptor.digest, config }, cachedContent(tree, reference));
}

function cachedContent(tree: ImageTree, reference: string): ImageContent {
  return {
    stat: async (path) => tree.stat(path),
    list: async (path) => tree.list(path),
    readFile: (path) => tree.readFile(path),
    async openContainer() {
      throw new EngineError("ENGINE_FEATURE_MISSING", `${reference} is open from the cache, where no programs run`, {
        hint: "Open it on an engine: await using image = await pkg(…).open(platform).",
      });
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function findImage(cache: Cache, reference: string, platform: PlatformText): Promise<Descriptor> {
  const root = await cache.resolve(reference);
  const content = root && parseIndexOrManifest(await cache.readBlob(root), { origin: describe(root.digest) });
  const found = content && isIndex(content) ? content.manifests.find((entry) => platformOf(entry) === platform) : root;
  if (found) return found;
  throw new ContentError("CONTENT_NOT_FOUND", `the cache has no ${reference} for ${platform}`, {
    hint: "Build it first.",
    details: { reference, platform },
  });
}

function platformOf(descriptor: Descriptor): PlatformText | undefined {
  const platform = descriptorPlatform(descriptor);
  return platform && formatPlatform(platform);
}

function describe(digest: Digest): string {
  return `blob ${digest}`;
}
