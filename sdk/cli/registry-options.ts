import { access } from "node:fs/promises";
import { InputError } from "../core/errors.ts";
import { type RegistryFlags, registrySettings } from "../run/engines/registry-settings.ts";
import type { VerbOptions } from "../run/facade/options.ts";
import { commaList } from "./comma-list.ts";
import type { Invocation } from "./command.ts";

/**
 * How registries are reached, from `--mirror`, `LINUXKIT_MIRROR`, `--cert-file` and `--registry-creds`; flags come after
 * the environment.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function registryOptions(invocation: Invocation): Required<Pick<VerbOptions, "registries">> {
  const present = (texts: readonly string[]) => texts.filter((text) => text !== "");
  const flags: RegistryFlags = {
    mirrors: present([...(invocation.env.LINUXKIT_MIRROR ?? "").split(/[, ]/), ...invocation.list("mirror")]),
    certificateFiles: present(invocation.list("cert-file")),
    logins: (commaList(invocation, "registry-creds") ?? []).map(parseLogin),
  };
  return { registries: registrySettings(flags) };
}

/**
 * Makes sure that mirrors are mirrors and that certificates can be read.
 *
 * @throws InputError `INPUT_OPTION_INVALID`, `INPUT_SOURCE_MISSING`
 */
export async function verifyRegistryOptions(invocation: Invocation): Promise<void> {
  const { certificateFiles = [] } = registryOptions(invocation).registries;
  for (const file of certificateFiles) {
    await access(file).catch((cause: unknown) => {
      throw new InputError("INPUT_SOURCE_MISSING", `the certificate file ${file} cannot be read`, { cause });
    });
  }
}

/** `REGISTRY=USER:PASSWORD` or `REGISTRY=TOKEN`. What was given is in no message: it is a secret. */
function parseLogin(text: string): RegistryFlags["logins"][number] {
  const separator = text.indexOf("=");
  const [registry, secret] = [text.slice(0, separator).trim(), text.slice(separator + 1).trim()];
  const colon = secret.indexOf(":");
  const [username, password] = [secret.slice(0, colon).trim(), secret.slice(colon + 1).trim()];
  if (separator > 0 && registry !== "" && colon < 0 && secret !== "") return { registry, token: secret };
  if (separator > 0 && registry !== "" && username !== "" && password !== "") return { registry, username, password };
  throw new InputError("INPUT_OPTION_INVALID", "--registry-creds takes REGISTRY=USER:PASSWORD or REGISTRY=TOKEN", {
    hint: "Other users of this machine can read what stands on a command line; `docker login` keeps it to yourself.",
  });
}
