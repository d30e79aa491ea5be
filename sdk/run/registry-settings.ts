import { parseMirrors } from "../credentials/mirrors.ts";
import type { RegistrySettings } from "../credentials/registry-policy.ts";

/** How a command line says how registries are reached. */
export interface RegistryFlags {
  /** `[REGISTRY=]URL`; of two for one registry the last counts. */
  readonly mirrors: readonly string[];
  readonly certificateFiles: readonly string[];
}

/**
 * The settings that a command line's flags stand for.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function registrySettings({ mirrors, certificateFiles }: RegistryFlags): RegistrySettings {
  return { mirrors: parseMirrors(mirrors), certificateFiles };
}
