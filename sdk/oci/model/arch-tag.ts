import type { Platform } from "../../core/platform.ts";

/** The tag of one architecture's image: LinuxKit's `tag-arch`; variants that are not the usual ones are named too. */
export function formatArchTag(tag: string, platform: Platform): string {
  const isUsual = platform.variant === undefined || (platform.architecture === "arm" && platform.variant === "v7");
  return isUsual ? `${tag}-${platform.architecture}` : `${tag}-${platform.architecture}-${platform.variant}`;
}
