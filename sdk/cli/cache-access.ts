import type { CacheCheck, ImageCache, Removal } from "../oci/index.ts";
import type { Invocation } from "./command.ts";
import { verbosity } from "./global-flags.ts";
import { registryOptions } from "./registry-options.ts";

/** Runs an action on the cache that the command line names, and closes it. */
export async function withCache<T>(invocation: Invocation, action: (cache: ImageCache) => Promise<T>): Promise<T> {
  const { openCache } = await import("../run/destinations/image-cache.ts");
  const directory = invocation.text("cache");
  const options = { ...registryOptions(invocation), ...(directory ? { directory } : {}) };
  const cache = await openCache({ signal: invocation.signal, ...options });
  try {
    return await action(cache);
  } finally {
    await cache[Symbol.asyncDispose]();
  }
}

/** What is told beside a command's result goes to stderr, as all that the LinuxKit CLI logs; `--quiet` leaves it out. */
export function tell(invocation: Invocation, line: string): void {
  if (verbosity(invocation) > 0) invocation.stderr.write(`${line}\n`);
}

/** What is told of a check, and the exit status: 1 if something stays wrong. */
export function tellCheck(invocation: Invocation, check: CacheCheck): number {
  for (const { kind, path, problem, image, repair } of check.problems) {
    const about = image === undefined ? "" : ` (${image})`;
    invocation.stdout.write(`${kind} ${path}${about}: ${problem}${repair === undefined ? "" : `; ${repair}`}\n`);
  }
  for (const name of check.partial) tell(invocation, `${name}: only some of its images are in the cache`);
  const open = check.problems.filter(({ repair }) => repair === undefined).length;
  const total = `${check.images} images, ${check.blobs} blobs, ${formatSize(check.sizeBytes)}`;
  const repairs = check.problems.length - open;
  tell(
    invocation,
    `${total}: ${open === 0 ? "in order" : `${open} problems`}${repairs > 0 ? `, ${repairs} repaired` : ""}`,
  );
  return check.ok ? 0 : 1;
}

/** Says what was removed, and gives the exit status. */
export function tellRemoval(invocation: Invocation, { names, blobs, sizeBytes, left }: Removal): number {
  for (const name of names) tell(invocation, `removed ${name}`);
  tell(invocation, `removed ${blobs} blobs, ${formatSize(sizeBytes)}`);
  if (left === "in-use") tell(invocation, "content without a name stays: another process writes into the cache");
  if (left !== "damaged") return 0;
  invocation.stderr.write("content without a name stays: the cache is damaged, see `kitsmith cache check`\n");
  return 1;
}

function formatSize(sizeBytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, sizeBytes === 0 ? 0 : Math.floor(Math.log2(sizeBytes) / 10));
  return `${(sizeBytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
