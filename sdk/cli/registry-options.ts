import type { VerbOptions } from "../run/options.ts";
import { type RegistryFlags, registrySettings } from "../run/registry-settings.ts";
import type { Invocation } from "./command.ts";

/**
 * How registries are reached, from `--mirror`, `LINUXKIT_MIRROR` and `--cert-file`; flags come after the environment.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function registryOptions(invocation: Invocation): Required<Pick<VerbOptions, "registries">> {
  const present = (texts: readonly string[]) => texts.filter((text) => text !== "");
  const flags: RegistryFlags = {
    mirrors: present([...(invocation.env.LINUXKIT_MIRROR ?? "").split(/[, ]/), ...invocation.list("mirror")]),
    certificateFiles: present(invocation.list("cert-file")),
  };
  return { registries: registrySettings(flags) };
}
