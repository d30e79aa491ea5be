import type { Abortable } from "../../core/abort.ts";
import { InputError } from "../../core/errors.ts";
import type { Cache } from "../layout/cache.ts";
import { NAME_ANNOTATION } from "../layout/root-index.ts";
import type { ContentStream } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { describeContent, parseIndexOrManifest } from "../model/manifest.ts";
import { isIndexMediaType, isManifestMediaType } from "../model/media-type.ts";

/** How the images of an archive are named. */
export interface ImportOptions extends Abortable {
  /** The name of the archive's one image, in place of the one that the archive gives it. */
  readonly name?: string;
}

/** An image of an archive that is in the cache now. */
export interface ImportedImage {
  /** Undefined if the archive gives it none: then nothing refers to it. */
  readonly name?: string;
  readonly descriptor: Descriptor;
}

/** The annotation under which BuildKit and containerd write an image's whole name. */
const IMAGE_NAME = "io.containerd.image.name";

/**
 * Takes the images of an OCI image tar into the cache, and names them as the archive does.
 *
 * @throws ContentError as {@link Cache.importArchive}; InputError `INPUT_OPTION_INVALID` if one name is given for many
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3/src/cmd/linuxkit/cache/write.go
 */
export async function importImages(
  cache: Cache,
  archive: ContentStream,
  { name, signal }: ImportOptions = {},
): Promise<readonly ImportedImage[]> {
  const use = await cache.useContent({ signal });
  try {
    const roots = await cache.importArchive(archive, { signal });
    if (name !== undefined && roots.length !== 1) throw tooMany(name, roots.length);
    const images: ImportedImage[] = [];
    for (const root of roots) images.push(await describeImage(cache, root, name, signal));
    const named = images.flatMap((image) =>
      image.name === undefined ? [] : [[image.name, image.descriptor] as const],
    );
    if (named.length > 0) await cache.setReferences(new Map(named), { signal });
    return images;
  } finally {
    await use[Symbol.asyncDispose]();
  }
}

async function describeImage(
  cache: Cache,
  root: Descriptor,
  givenName: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ImportedImage> {
  const name = givenName ?? nameOf(root);
  const descriptor = await withTrueMediaType(cache, root, signal);
  return { descriptor, ...(name === undefined ? {} : { name }) };
}

/** What is annotated as a mere tag, as other tools do, names no image. */
function nameOf({ annotations = {} }: Descriptor): string | undefined {
  const name = annotations[IMAGE_NAME];
  if (name !== undefined) return name;
  const reference = annotations[NAME_ANNOTATION];
  return reference?.includes("/") ? reference : undefined;
}

/** Archives by the LinuxKit CLI announce a single image as an index. */
async function withTrueMediaType(cache: Cache, root: Descriptor, signal: AbortSignal | undefined): Promise<Descriptor> {
  if (!isIndexMediaType(root.mediaType) && !isManifestMediaType(root.mediaType)) return root;
  const content = await cache.readBlob(root, { signal });
  const { mediaType } = parseIndexOrManifest(content, { origin: root.digest });
  return mediaType === root.mediaType ? root : { ...root, ...describeContent(content, mediaType) };
}

function tooMany(name: string, count: number): InputError {
  return new InputError("INPUT_OPTION_INVALID", `the archive holds ${count} images, which cannot all be ${name}`, {
    hint: "Import it without a name.",
  });
}
