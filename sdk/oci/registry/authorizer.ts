import type { Abortable } from "../../core/abort.ts";
import { RegistryError } from "../../core/errors.ts";
import type { CredentialSource } from "../../credentials/credential-source.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import type { Endpoint } from "./endpoint.ts";
import type { HttpAnswer, HttpSender } from "./http.ts";
import { basicHeader, fetchToken } from "./token.ts";

/** Finds the `Authorization` that a registry wants. */
export interface Authorizer {
  /** What worked or is known to be wanted; undefined: ask without. */
  known(endpoint: Endpoint, scopes: readonly string[], options?: Abortable): Promise<string | undefined>;
  /**
   * What answers a 401, or undefined if there is nothing that would.
   *
   * @throws RegistryError from the token service; InputError `INPUT_CREDENTIALS_INVALID`
   */
  answer(
    endpoint: Endpoint,
    scopes: readonly string[],
    refused: HttpAnswer,
    options?: Abortable,
  ): Promise<string | undefined>;
}

interface KeptToken {
  readonly header: string;
  readonly untilMs: number;
}

/** Part of its life in which a token is used again: one that is about to end might do so on its way. */
const USABLE = 0.8;

/** Creates an authorizer that keeps challenges and tokens, by registry and scope, as long as they live. */
export function createAuthorizer(credentials: CredentialSource, sender: HttpSender, userAgent: string): Authorizer {
  const challenges = new Map<string, Challenge>();
  const tokens = new Map<string, KeptToken>();
  const keyOf = (endpoint: Endpoint, scopes: readonly string[]) => [endpoint.origin, ...scopes].join(" ");

  async function authorize(
    endpoint: Endpoint,
    scopes: readonly string[],
    challenge: Challenge,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const credential = await credentials.get(endpoint.host, { signal });
    if (credential?.kind === "registry-token") return `Bearer ${credential.token}`;
    if (challenge.scheme === "basic") return basicHeader(credential);
    const token = await fetchToken(sender, {
      realm: checkRealm(challenge.realm, endpoint),
      service: challenge.service,
      scopes,
      credential,
      userAgent,
      signal,
    });
    const header = `Bearer ${token.text}`;
    tokens.set(keyOf(endpoint, scopes), { header, untilMs: Date.now() + token.lifeMs * USABLE });
    return header;
  }

  return {
    async known(endpoint, scopes, { signal } = {}) {
      const challenge = challenges.get(endpoint.origin);
      if (challenge === undefined) return undefined;
      const kept = tokens.get(keyOf(endpoint, scopes));
      if (kept !== undefined && kept.untilMs > Date.now()) return kept.header;
      return await authorize(endpoint, scopes, challenge, signal);
    },
    async answer(endpoint, scopes, refused, { signal } = {}) {
      const challenge = parseChallenge(refused.headers["www-authenticate"]);
      if (challenge === undefined) return undefined;
      challenges.set(endpoint.origin, challenge);
      tokens.delete(keyOf(endpoint, scopes));
      return await authorize(endpoint, scopes, challenge, signal);
    },
  };
}

/** A registry that is spoken to in secret must not send our credentials through the open. */
export function checkRealm(realm: string, endpoint: Pick<Endpoint, "host" | "origin">): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && endpoint.origin.startsWith("http:"));
  if (url !== undefined && isSafe) return url;
  throw new RegistryError("REGISTRY_PROTOCOL", `${endpoint.host} names a token service that is no safe address`);
}
