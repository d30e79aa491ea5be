import { InputError } from "../../core/errors.ts";
import { type Platform, parsePlatform, samePlatform } from "../../core/platform.ts";

/**
 * The docker context that `LINUXKIT_BUILDERS` names for a platform: `linux/arm64=context,linux/amd64=other`.
 *
 * @throws InputError INPUT_OPTION_INVALID, INPUT_PLATFORM_INVALID
 */
export function findBuilderContext(builders: string, platform: Platform): string | undefined {
  for (const entry of builders.split(",").map((part) => part.trim())) {
    if (entry === "") continue;
    const [, name, context] = /^([^=]+)=(.+)$/.exec(entry) ?? [];
    if (name === undefined || context === undefined) {
      throw new InputError("INPUT_OPTION_INVALID", `LINUXKIT_BUILDERS: "${entry}" is not platform=context`, {
        hint: "Write LINUXKIT_BUILDERS=linux/arm64=context,linux/amd64=other.",
      });
    }
    if (samePlatform(parsePlatform(name.trim()), platform)) return context.trim();
  }
  return undefined;
}

/** The docker context that LinuxKit looks for by its name: `linuxkit-linux-arm64`. */
export function platformContextName(platform: Platform): string {
  const parts = [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined);
  return `linuxkit-${parts.join("-")}`;
}
