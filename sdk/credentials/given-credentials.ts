import type { Credential, CredentialSource } from "./credential-source.ts";
import { credentialKey } from "./docker-config.ts";

/** By registry: its host, with port if it has one. */
export type GivenCredentials = Readonly<Record<string, Credential>>;

/** Only the credentials that were given; other registries are used anonymously. */
export function createGivenCredentials(given: GivenCredentials): CredentialSource {
  const byKey = new Map(Object.entries(given).map(([registry, credential]) => [keyOf(registry), credential]));
  return Object.freeze({ get: async (host: string) => byKey.get(keyOf(host)) });
}

function keyOf(registry: string): string {
  return credentialKey(registry.replace(/^https?:\/\//, "").replace(/\/.*$/, ""));
}
