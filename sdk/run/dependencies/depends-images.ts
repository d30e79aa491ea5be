import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { digestHex, digestOf } from "../../core/digest.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import { ownStateDirectory } from "../../engine/lifecycle/state-directory.ts";
import { chooseImage } from "../../oci/layout/archive-export.ts";
import { type SavedImage, saveImages } from "../../oci/layout/saved-images.ts";
import type { ContentReader } from "../../oci/model/content.ts";
import { formatReference, parseReference, type Reference } from "../../oci/model/reference.ts";
import { pullImage } from "../../oci/registry/publishing/image-copy.ts";
import { writeComplete } from "../../outputs/archive-output.ts";
import type { DependsImages, ExtraSource, Package } from "../../pkg/package.ts";
import type { Stores } from "../stores.ts";

const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * The images that a package wants in its context, as archives in a directory to lay over it: from the cache, else from
 * their registries, and no docker is needed. Images of several platforms are those of the platform that is built for.
 * Archives that were made are kept for a week.
 *
 * @throws ContentError, RegistryError, InputError `INPUT_REFERENCE_INVALID`
 */
export async function savedImages(
  pkg: Package,
  platform: Platform,
  stores: Stores,
  signal: AbortSignal,
): Promise<readonly ExtraSource[]> {
  const wanted = pkg.dependsImages;
  if (wanted === undefined || wanted.images.length === 0) return [];
  const root = join(ownStateDirectory(process.env), "saved-images");
  const key = digestHex(digestOf(JSON.stringify([wanted, formatPlatform(platform)])));
  const directory = join(root, key);
  if (await isThere(directory)) await utimes(directory, new Date(), new Date());
  else await makeDirectory(directory, (partial) => saveAll(wanted, partial, platform, stores, signal));
  await removeOld(root);
  return [{ directory, destination: wanted.targetDirectory ?? contextDirectory(wanted.target ?? "") }];
}

/** What older runs of other tools left in the package's directory would lie among the archives. */
export async function clearTargetDirectory({ directory, dependsImages }: Package): Promise<void> {
  const target = dependsImages?.targetDirectory;
  if (target !== undefined && (dependsImages?.images.length ?? 0) > 0) {
    await rm(join(directory, target), { recursive: true, force: true });
  }
}

async function saveAll(
  { images, target, targetDirectory }: DependsImages,
  directory: string,
  platform: Platform,
  stores: Stores,
  signal: AbortSignal,
): Promise<void> {
  const cache = await stores.cache();
  await using _kept = await cache.useContent({ signal });
  const saved: SavedImage[] = [];
  for (const text of images) saved.push(await fetchImage(parseReference(text), platform, stores, signal));
  if (targetDirectory === undefined) {
    const file = join(directory, basename(target ?? ""));
    return await writeComplete(file, saveImages(cache, saved, { signal }), signal);
  }
  for (const [index, image] of saved.entries()) {
    const name = archiveName(images[index] ?? "");
    await writeComplete(join(directory, name), saveImages(cache, [image], { signal }), signal);
  }
}

/** Gets an image into the cache, if it is not there. */
async function fetchImage(
  reference: Reference,
  platform: Platform,
  stores: Stores,
  signal: AbortSignal,
): Promise<SavedImage> {
  const cache = await stores.cache();
  const choice = { platform, signal };
  const cached = await cache.resolve(formatReference(reference), { signal });
  if (cached !== undefined && (await cache.findMissing(cached, { signal })).length === 0) {
    return { reference, image: await chooseImage(cache, cached, choice) };
  }
  const client = stores.reader();
  const { registry, repository } = reference;
  const reader: ContentReader = client.reader(reference);
  const { digest } = reference;
  const wanted = { registry, repository, ...(digest ? { digest } : {}) };
  const root = (await client.getManifest(wanted, { signal })).descriptor;
  const image = await chooseImage(reader, root, choice);
  await pullImage(client, { registry, repository, digest: image.digest }, cache, { signal });
  return { reference, image };
}

/** The last part of the name, with the digest: `alpine@sha256:….tar`. */
function archiveName(image: string): string {
  const [name = "", digest = ""] = image.split("@");
  return `${basename(name).replace(/:.*$/, "")}@${digest}.tar`;
}

function contextDirectory(target: string): string {
  const directory = dirname(target);
  return directory === "." ? "" : directory;
}

async function makeDirectory(directory: string, fill: (partial: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  const partial = await mkdtemp(`${directory}.partial-`);
  try {
    await fill(partial);
    await rename(partial, directory);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process was faster, and has made the same.
    if (!(await isThere(directory))) throw error;
  }
}

async function removeOld(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const path = join(root, name);
    const modified = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (modified !== undefined && modified < Date.now() - KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
