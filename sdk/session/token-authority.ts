import { createHmac, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import type { Credential } from "../credentials/credential-source.ts";

/** An ed25519 key's place in PKCS #8. */
const KEY_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
/** Keys are of no use outside of this process, so nothing of it has to be kept. */
const PROCESS_SEED = randomBytes(32);

/** A key that proves who may use a token. */
export interface TokenAuthority {
  readonly key: KeyObject;
}

/**
 * The key by which a daemon knows, across sessions, that it may use a token for whoever calls: who has the same credential
 * for the host has the same key, and nothing of the credential can be learnt from it. Who has none shares one with all
 * others that have none.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/session/auth/authprovider/authprovider.go#L280
 */
export function tokenAuthority(host: string, credential: Credential | undefined, salt: Uint8Array): TokenAuthority {
  const derived = createHmac("sha256", salt);
  if (credential !== undefined) {
    derived.update(
      createHmac("sha256", PROCESS_SEED)
        .update(JSON.stringify([host, credential]))
        .digest(),
    );
  }
  const encoded = Buffer.concat([KEY_PREFIX, derived.digest()]);
  return { key: createPrivateKey({ key: encoded, format: "der", type: "pkcs8" }) };
}

/** The public half, 32 bytes. */
export function publicKeyOf({ key }: TokenAuthority): Uint8Array {
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}

/** The payload with a signature before it, as NaCl has it. */
export function signPayload({ key }: TokenAuthority, payload: Uint8Array): Uint8Array {
  return Buffer.concat([sign(null, payload, key), payload]);
}
