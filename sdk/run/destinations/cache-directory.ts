import { homedir } from "node:os";
import { join } from "node:path";

/** The cache that the LinuxKit CLI uses too: `LINUXKIT_CACHE`, else `~/.linuxkit/cache`. */
export function defaultCacheDirectory(): string {
  return process.env.LINUXKIT_CACHE || join(homedir(), ".linuxkit", "cache");
}
