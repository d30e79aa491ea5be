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
}

/** A source that knows no credentials: every access is anonymous. */
export const ANONYMOUS: CredentialSource = Object.freeze({ get: () => Promise.resolve(undefined) });
