import { InputError } from "./errors.ts";

/** A platform as OCI and Go name it, normalized: `arm64` without variant stands for `arm64/v8`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** A platform as text, such as `linux/amd64` or `linux/arm/v7`. */
export type PlatformText = string;

const ARCHITECTURE_ALIASES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  "x86-64": "amd64",
  aarch64: "arm64",
  i386: "386",
  armhf: "arm",
  armel: "arm",
};
const DEFAULT_VARIANTS: Readonly<Record<string, string>> = { amd64: "v1", arm64: "v8" };
const PART = /^[A-Za-z0-9_.-]+$/;

/**
 * Reads `os/architecture[/variant]`.
 *
 * @throws InputError `INPUT_PLATFORM_INVALID`
 */
export function parsePlatform(text: PlatformText): Platform {
  const parts = text.split("/");
  if (parts.length < 2 || parts.length > 3 || !parts.every((part) => PART.test(part))) {
    throw new InputError("INPUT_PLATFORM_INVALID", `"${text}" is not a platform`, {
      hint: "Write os/architecture[/variant], such as linux/amd64 or linux/arm/v7.",
    });
  }
  const [os = "", architecture = "", variant] = parts;
  return normalizePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

/** The canonical spelling: lower case, Go's architecture names, default variants dropped. */
export function normalizePlatform(platform: Platform): Platform {
  const given = platform.architecture.toLowerCase();
  const architecture = ARCHITECTURE_ALIASES[given] ?? given;
  const aliasVariant = architecture === "arm" ? ({ armhf: "v7", armel: "v6", arm: "v7" }[given] ?? "v7") : undefined;
  const variant = platform.variant?.toLowerCase() ?? aliasVariant;
  const keep = variant !== undefined && variant !== "" && variant !== DEFAULT_VARIANTS[architecture];
  return Object.freeze({ os: platform.os.toLowerCase(), architecture, ...(keep ? { variant } : {}) });
}

/** `os/architecture[/variant]`. */
export function formatPlatform(platform: Platform): PlatformText {
  return [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join("/");
}

/** True if both name the same platform. */
export function samePlatform(left: Platform, right: Platform): boolean {
  return formatPlatform(normalizePlatform(left)) === formatPlatform(normalizePlatform(right));
}
