import type { MergeOptions } from "./index-merging.ts";
import type { PublishedIndex } from "./package-indexes.ts";
import type { Receipt } from "./receipt.ts";
import type { RemoteTag, RemoteTagOptions } from "./remote-tag.ts";

// What these need is loaded when they are called.

/**
 * Writes what `pushByDigest()` pushed, for `mergeIndexes()` on another machine. It holds no secrets.
 *
 * @throws ContentError `CONTENT_WRITE_FAILED`
 */
export async function writeReceipt(file: string, pushed: { readonly receipt: Receipt }): Promise<void> {
  await (await import("./receipt.ts")).writeReceipt(file, pushed.receipt);
}

/**
 * Reads receipts.
 *
 * @param pattern - a file, or several by `*` and `?` in the last part of the path
 * @throws InputError `INPUT_SOURCE_MISSING` if there is none, `INPUT_OPTION_INVALID` if a file is no receipt
 */
export async function readReceipts(pattern: string): Promise<readonly Receipt[]> {
  return await (await import("./receipt.ts")).readReceipts(pattern);
}

/**
 * Moves the tags of what several machines pushed by digest: the images of each package under the tags of their
 * architectures, and one index of all, merged with what is there. Nothing is built or encoded anew: digests stay.
 *
 * @returns each index, in the order of the receipts
 * @throws PlanError `PLAN_INPUTS_DIFFER` if two receipts have other images for one platform of a package, before any tag
 * moves; RegistryError
 * @example
 * ```ts
 * await mergeIndexes(await readReceipts("receipt-*.json"), { tag: "v1.4.0" });
 * ```
 */
export async function mergeIndexes(
  receipts: readonly Receipt[],
  options: MergeOptions = {},
): Promise<readonly PublishedIndex[]> {
  return await (await import("./index-merging.ts")).mergeIndexes(receipts, options);
}

/**
 * Lets a tag in a registry stand for what another reference stands for, in whatever repository. The bytes stay the same,
 * of an index with all its platforms; layers are sent only to another registry. What the tag stood for is replaced.
 *
 * @param from - names are completed as docker does it, `:latest` too
 * @throws InputError `INPUT_REFERENCE_INVALID`; RegistryError
 * @example
 * ```ts
 * await remoteTag("acme/init:0df5…", "acme/init:v1.4.0");
 * ```
 */
export async function remoteTag(from: string, to: string, options: RemoteTagOptions = {}): Promise<RemoteTag> {
  return await (await import("./remote-tag.ts")).remoteTag(from, to, options);
}
