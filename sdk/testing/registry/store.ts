import { type BlobFiles, createBlobFiles } from "./blob-files.ts";
import { createManifestFiles, type ManifestFiles } from "./manifest-files.ts";
import { createStorePaths } from "./store-paths.ts";

/** What a registry holds. */
export interface RegistryStore extends BlobFiles, ManifestFiles {}

/** Opens the store in a directory, which is made if it is not there. */
export async function openRegistryStore(directory: string): Promise<RegistryStore> {
  const paths = await createStorePaths(directory);
  return Object.freeze({ ...createBlobFiles(paths), ...createManifestFiles(paths) });
}
