import { type Abortable, raceAbort } from "../../../core/abort.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { CredentialSource } from "../../../credentials/credential-source.ts";
import type { Endpoint } from "../http/endpoint.ts";
import type { HttpAnswer, HttpSender } from "../http/http.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import { basicHeader, fetchToken, type TokenRequest } from "./token.ts";

/** Finds the `Authorization` that a registry wants. */
export interface Authorizer {
  /** True if the registry has asked who we are. */
  hasAsked(endpoint: Endpoint): boolean;
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
    refused: RefusedCall,
    options?: Abortable,
  ): Promise<string | undefined>;
}

/** A 401, and the `Authorization` that it is about. */
interface RefusedCall {
  readonly answer: HttpAnswer;
  readonly sent: string | undefined;
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
  const underway = new Map<string, Promise<KeptToken>>();
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
    const realm = checkRealm(challenge.realm, endpoint);
    const key = keyOf(endpoint, scopes);
    // Many calls start at once: one token serves them all. It is fetched to its end though one of them has enough.
    const fetched =
      underway.get(key) ?? fetchKept({ realm, service: challenge.service, scopes, credential, userAgent });
    underway.set(key, fetched);
    const clear = () => void (underway.get(key) === fetched && underway.delete(key));
    fetched.then(clear, clear);
    const token = await raceAbort(fetched, signal);
    tokens.set(key, token);
    return token.header;
  }

  async function fetchKept(request: TokenRequest): Promise<KeptToken> {
    const { text, lifeMs } = await fetchToken(sender, request);
    return { header: `Bearer ${text}`, untilMs: Date.now() + lifeMs * USABLE };
  }

  return {
    hasAsked: ({ origin }) => challenges.has(origin),
    async known(endpoint, scopes, { signal } = {}) {
      const challenge = challenges.get(endpoint.origin);
      if (challenge === undefined) return undefined;
      const kept = tokens.get(keyOf(endpoint, scopes));
      if (kept !== undefined && kept.untilMs > Date.now()) return kept.header;
      return await authorize(endpoint, scopes, challenge, signal);
    },
    async answer(endpoint, scopes, { answer, sent }, { signal } = {}) {
      const challenge = parseChallenge(answer.headers["www-authenticate"]);
      if (challenge === undefined) return undefined;
      challenges.set(endpoint.origin, challenge);
      const key = keyOf(endpoint, scopes);
      const kept = tokens.get(key);
      // Another call may have got one since this one was sent.
      if (kept !== undefined && kept.header !== sent && kept.untilMs > Date.now()) return kept.header;
      tokens.delete(key);
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
