import type { Digest } from "../../../core/digest.ts";
import { ContentError } from "../../../core/errors.ts";
import type { Descriptor } from "../../model/descriptor.ts";
import { childrenOf, describeContent, MANIFEST_LIMIT_BYTES, parseIndexOrManifest } from "../../model/manifest.ts";
import { reachableFrom } from "../garbage.ts";
import type { Checked } from "./problem.ts";

/** Indexes and images that lie in the cache, but that no entry leads to, nor each other. */
export async function findLostRoots(
  checked: Checked,
  sizes: ReadonlyMap<Digest, number>,
  entries: readonly Descriptor[],
): Promise<readonly Descriptor[]> {
  const known = await reachableFrom(checked.blobs, entries, checked);
  const roots: Descriptor[] = [];
  const referred = new Set<Digest>();
  for (const [digest, size] of sizes) {
    if (known.has(digest) || size > MANIFEST_LIMIT_BYTES) continue;
    const found = await readManifest(checked, { digest, size });
    if (found === undefined) continue;
    roots.push(found.descriptor);
    for (const child of found.children) referred.add(child.digest);
  }
  return roots.filter(({ digest }) => !referred.has(digest));
}

async function readManifest(
  { blobs, signal }: Checked,
  blob: { readonly digest: Digest; readonly size: number },
): Promise<{ readonly descriptor: Descriptor; readonly children: readonly Descriptor[] } | undefined> {
  try {
    const content = await blobs.readBlob(blob, { signal });
    if (content[0] !== "{".charCodeAt(0)) return undefined;
    const parsed = parseIndexOrManifest(content, { origin: blob.digest });
    return { descriptor: describeContent(content, parsed.mediaType), children: childrenOf(parsed) };
  } catch (cause) {
    if (cause instanceof ContentError) return undefined;
    throw cause;
  }
}
