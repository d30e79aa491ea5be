import type { CredentialSource } from "./credential-source.ts";
import { createDockerCredentials } from "./docker-credentials.ts";
import { createGivenCredentials, type GivenCredentials } from "./given-credentials.ts";
import { checkMirrors, type Mirrors } from "./mirrors.ts";
import { loadTrustedCertificates } from "./trusted-certificates.ts";

/** How registries are reached, as a user says it. */
export interface RegistrySettings {
  /**
   * Where registries are read instead, by host, `*` for every other: `{ "docker.io": "https://mirror.example/hub" }`. The
   * mirror's path goes before the repository. A registry with a mirror is not asked itself; pushes go to the registry.
   */
  readonly mirrors?: Mirrors;
  /** Files with certificates of authorities to trust besides the usual ones, PEM. */
  readonly certificateFiles?: readonly string[];
  /** Hosts, with port, that are spoken to in plain http without asking. Loopback always is. */
  readonly plainHttp?: readonly string[];
  /** Who we are, by registry, in place of what docker knows. Default: docker's credentials. */
  readonly credentials?: GivenCredentials;
}

/** One policy for our own calls, for what engines ask in a session, and for engines that we start. */
export interface RegistryPolicy {
  readonly credentials: CredentialSource;
  readonly mirrors: Mirrors;
  readonly plainHttp: readonly string[];
  readonly certificateFiles: readonly string[];
  /** All authorities to trust, PEM; read once. @throws InputError `INPUT_OPTION_INVALID` */
  certificates(): Promise<readonly string[]>;
}

/**
 * Makes the policy of settings, with the credentials that docker has.
 *
 * @throws InputError `INPUT_OPTION_INVALID` for a mirror that is none
 */
export function createRegistryPolicy(
  settings: RegistrySettings = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): RegistryPolicy {
  const certificateFiles = settings.certificateFiles ?? [];
  let certificates: Promise<readonly string[]> | undefined;
  return Object.freeze({
    credentials: settings.credentials ? createGivenCredentials(settings.credentials) : createDockerCredentials({ env }),
    mirrors: checkMirrors(settings.mirrors ?? {}),
    plainHttp: settings.plainHttp ?? [],
    certificateFiles,
    certificates: () => {
      certificates ??= loadTrustedCertificates({ files: certificateFiles, env });
      return certificates;
    },
  });
}
