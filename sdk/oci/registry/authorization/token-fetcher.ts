import { raceAbort } from "../../../core/abort.ts";
import type { AccessToken, CredentialSource, TokenFetcher, TokenWish } from "../../../credentials/credential-source.ts";
import { isLoopback, isPrivate } from "../http/endpoint.ts";
import type { HttpSender } from "../http/http.ts";
import { checkRealm } from "./authorizer.ts";
import { fetchToken } from "./token.ts";

/** With what tokens are fetched. */
export interface TokenFetcherOptions {
  readonly credentials: CredentialSource;
  readonly sender: HttpSender;
  readonly userAgent: string;
  readonly plainHttp?: readonly string[] | undefined;
}

/** Part of its life in which a token is given again. */
const USABLE = 0.5;
/** A token that the registry takes as it is says nothing of its end. */
const GIVEN_LIFE_MS = 60_000;

/** Creates a fetcher that keeps tokens for half of their lives; what is asked for twice at once is fetched once. */
export function createTokenFetcher(options: TokenFetcherOptions): TokenFetcher {
  const kept = new Map<string, Promise<AccessToken>>();
  return async (wish, { fresh = false, signal } = {}) => {
    signal?.throwIfAborted();
    const key = JSON.stringify(wish);
    const known = fresh ? undefined : kept.get(key);
    if (known !== undefined && isUsable(await raceAbort(known, signal))) return await known;
    // Others may wait for it, too: it goes on when one of them has enough.
    const fetched = fetchFor(wish, options);
    kept.set(key, fetched);
    fetched.catch(() => kept.delete(key));
    return await raceAbort(fetched, signal);
  };
}

function isUsable({ issuedAtMs, lifeMs }: AccessToken): boolean {
  return Date.now() < issuedAtMs + lifeMs * USABLE;
}

async function fetchFor(wish: TokenWish, options: TokenFetcherOptions): Promise<AccessToken> {
  const { host, service, scopes } = wish;
  const issuedAtMs = Date.now();
  const credential = await options.credentials.get(host);
  if (credential?.kind === "registry-token") return { token: credential.token, lifeMs: GIVEN_LIFE_MS, issuedAtMs };
  const mayBeOpen = isLoopback(host) || isPrivate(host) || (options.plainHttp?.includes(host) ?? false);
  const realm = checkRealm(wish.realm, { host, origin: `${mayBeOpen ? "http" : "https"}://${host}` });
  const { sender, userAgent } = options;
  const { text, lifeMs } = await fetchToken(sender, { realm, service, scopes, credential, userAgent });
  return { token: text, lifeMs, issuedAtMs };
}
