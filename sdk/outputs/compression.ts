import { InputError } from "../core/errors.ts";

/** How layers are packed. LinuxKit's own tools read gzip only. */
export type CompressionType = "gzip" | "zstd" | "estargz" | "uncompressed";

/** How layers are packed, and how hard. */
export interface Compression {
  readonly type: CompressionType;
  /** gzip and estargz 0 to 9, zstd 0 to 22. Default the engine's. */
  readonly level?: number;
  /** Pack layers anew that are packed already: those of base images, and those that the engine has at hand. Default false. */
  readonly force?: boolean;
}

const HIGHEST_LEVEL: Readonly<Record<CompressionType, number>> = { gzip: 9, estargz: 9, zstd: 22, uncompressed: -1 };

/**
 * Compression as attributes of an image exporter.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function compressionAttributes(
  given: CompressionType | Compression | undefined,
): Readonly<Record<string, string>> {
  if (given === undefined) return {};
  const { type, level, force = false }: Compression = typeof given === "string" ? { type: given } : given;
  if (!Object.hasOwn(HIGHEST_LEVEL, type)) {
    throw new InputError("INPUT_OPTION_INVALID", `there is no compression ${JSON.stringify(type)}`, {
      hint: `Choose one of ${Object.keys(HIGHEST_LEVEL).join(", ")}.`,
    });
  }
  if (level !== undefined && !(Number.isInteger(level) && level >= 0 && level <= HIGHEST_LEVEL[type])) {
    throw new InputError("INPUT_OPTION_INVALID", `${type} has no level ${level}`, {
      hint: type === "uncompressed" ? "Leave the level out." : `Choose one of 0 to ${HIGHEST_LEVEL[type]}.`,
    });
  }
  return {
    compression: type,
    ...(level === undefined ? {} : { "compression-level": String(level) }),
    ...(force ? { "force-compression": "true" } : {}),
  };
}
