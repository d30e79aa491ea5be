import type { Abortable } from "../core/abort.ts";

/** What proves to a registry who we are. */
export type Credential =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** A refresh token, exchanged for access tokens at the registry's token service. */
  | { readonly kind: "identity-token"; readonly token: string }
  /** A bearer token that the registry takes as it is. */
  | { readonly kind: "registry-token"; readonly token: string };

/** Where credentials come from: one policy for our own calls and for what the engine asks in the session. */
export interface CredentialSource {
  /**
   * The credential for a registry's host (with port, if it has one), or undefined where there is none.
   *
   * @throws InputError `INPUT_CREDENTIALS_INVALID` if there is one, but it cannot be read
   */
  get(host: string, options?: Abortable): Promise<Credential | undefined>;
  /** Exchanges the credential for an access token. Where it is missing, whoever wants a token gets the credential. */
  readonly fetchToken?: TokenFetcher | undefined;
}

/** What an access token is wanted for. */
export interface TokenWish {
  /** The registry, with port if it has one. */
  readonly host: string;
  /** The address of the token service, as the registry gave it. */
  readonly realm: string;
  readonly service: string | undefined;
  /** Such as `repository:team/app:pull,push`. */
  readonly scopes: readonly string[];
}

/** An access token. */
export interface AccessToken {
  readonly token: string;
  readonly lifeMs: number;
  readonly issuedAtMs: number;
}

/**
 * Gets an access token; one that is known and has time left may be given again, unless it must be `fresh`.
 *
 * @throws RegistryError as the token service says
 */
export type TokenFetcher = (
  wish: TokenWish,
  options?: Abortable & { readonly fresh?: boolean },
) => Promise<AccessToken>;

/** A source that knows no credentials: every access is anonymous. */
export const ANONYMOUS: CredentialSource = Object.freeze({ get: () => Promise.resolve(undefined) });
