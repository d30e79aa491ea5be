import { mapConcurrent } from "../core/concurrency.ts";
import { byteName, isBelow, listTracked, listUntracked } from "./changes.ts";
import { contentHash } from "./content-hash.ts";
import { readQuotePath } from "./head.ts";
import { pathInRepository, type Repository, realDirectory } from "./repository.ts";

/**
 * The content hashes of directories of one repository: their tracked files in git's order, then the untracked ones.
 * Three processes for all of them.
 */
export async function readContentHashes(
  repository: Repository,
  directories: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const prefixes = directories.map((directory) => pathInRepository(realDirectory(directory), repository) ?? "");
  const limits = prefixes.includes("") ? [] : prefixes;
  const [tracked, untracked, quotePath] = await Promise.all([
    listTracked(repository, limits, signal),
    listUntracked(repository, limits, signal),
    readQuotePath(repository, signal),
  ]);
  const hashes = await mapConcurrent(directories, 2, async (directory, index): Promise<[string, string]> => {
    const prefix = prefixes[index] ?? "";
    const names = [...namesBelow(tracked, prefix), ...namesBelow(untracked, prefix)];
    return [directory, await contentHash(directory, names, { quotePath, signal })];
  });
  return new Map(hashes);
}

function namesBelow(names: readonly string[], prefix: string): string[] {
  const cut = prefix === "" ? 0 : byteName(prefix).length + 1;
  return names.filter((name) => isBelow(name, prefix)).map((name) => name.slice(cut));
}
