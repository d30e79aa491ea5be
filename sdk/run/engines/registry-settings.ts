import type { Credential } from "../../credentials/credential-source.ts";
import { parseMirrors } from "../../credentials/mirrors.ts";
import type { RegistrySettings } from "../../credentials/registry-policy.ts";

/** How a command line says how registries are reached. */
export interface RegistryFlags {
  /** `[REGISTRY=]URL`; of two for one registry the last counts. */
  readonly mirrors: readonly string[];
  readonly certificateFiles: readonly string[];
  /** In place of docker's; none: docker's. */
  readonly logins: readonly (
    | { readonly registry: string; readonly username: string; readonly password: string }
    | { readonly registry: string; readonly token: string }
  )[];
}

/**
 * The settings that a command line's flags stand for.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function registrySettings({ mirrors, certificateFiles, logins }: RegistryFlags): RegistrySettings {
  return {
    ...{ mirrors: parseMirrors(mirrors), certificateFiles },
    ...(logins.length === 0
      ? {}
      : { credentials: Object.fromEntries(logins.map((login) => [login.registry, credentialOf(login)])) }),
  };
}

function credentialOf(login: RegistryFlags["logins"][number]): Credential {
  if ("token" in login) return { kind: "registry-token", token: login.token };
  return { kind: "basic", username: login.username, password: login.password };
}
