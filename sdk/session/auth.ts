import type { CredentialSource, TokenFetcher } from "../credentials/credential-source.ts";
import { Auth } from "../proto/gen/auth_pb.js";
import { StatusError } from "../wire/status.ts";
import { TOKENS_LIMIT } from "./limits.ts";
import type { SessionHandler, SessionService } from "./service.ts";
import { publicKeyOf, signPayload, tokenAuthority } from "./token-authority.ts";
import { unaryMethod } from "./unary-method.ts";

/**
 * Lets the daemon into registries. Where the source can fetch access tokens, only those leave this machine, by our own
 * proxies and authorities; a registry that wants user and password gets them through the daemon. A host without
 * credentials is answered with empty ones, which means anonymous.
 */
export function createAuthService(source: CredentialSource): SessionService {
  const tokens = source.fetchToken === undefined ? {} : tokenMethods(source, source.fetchToken);
  return {
    methods: {
      ...tokens,
      ...unaryMethod(Auth.method.credentials, async ({ Host }, { signal }) => {
        const credential = await source.get(Host, { signal });
        switch (credential?.kind) {
          case "basic":
            return { Username: credential.username, Secret: credential.password };
          case "identity-token":
            return { Username: "", Secret: credential.token };
          default:
            return {};
        }
      }),
    },
  };
}

function tokenMethods(source: CredentialSource, fetchToken: TokenFetcher): Readonly<Record<string, SessionHandler>> {
  const given = new Set<string>();
  return {
    ...unaryMethod(Auth.method.getTokenAuthority, async ({ Host, Salt }, { signal }) => {
      const authority = tokenAuthority(Host, await source.get(Host, { signal }), Salt);
      return { PublicKey: publicKeyOf(authority) };
    }),
    ...unaryMethod(Auth.method.verifyTokenAuthority, async ({ Host, Salt, Payload }, { signal }) => {
      const authority = tokenAuthority(Host, await source.get(Host, { signal }), Salt);
      return { Signed: signPayload(authority, Payload) };
    }),
    ...unaryMethod(Auth.method.fetchToken, async ({ Host, Realm, Service, Scopes }, { signal }) => {
      if (!URL.canParse(Realm)) throw new StatusError("INVALID_ARGUMENT", "the token service has no address");
      const key = JSON.stringify([Host, Realm, Service, Scopes]);
      // Whoever asks again could not use what it got: it may have ended, in the middle of a build.
      const fresh = given.has(key);
      given.add(key);
      const [oldest] = given;
      if (given.size > TOKENS_LIMIT && oldest !== undefined) given.delete(oldest);
      const request = { host: Host, realm: Realm, service: Service || undefined, scopes: Scopes };
      const { token, lifeMs, issuedAtMs } = await fetchToken(request, { fresh, signal });
      return {
        Token: token,
        ExpiresIn: BigInt(Math.max(1, Math.floor(lifeMs / 1000))),
        IssuedAt: BigInt(Math.floor(issuedAtMs / 1000)),
      };
    }),
  };
}
