import { createPrivateKey, type KeyObject } from "node:crypto";
import { InputError, isKitsmithError } from "../../core/errors.ts";
import { decodeOpensshKey } from "./openssh-key.ts";
import { createSshKey, type SshKey } from "./ssh-key.ts";

const OPENSSH = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/;

/** How a private key is read. */
export interface PrivateKeyOptions {
  /** Where it comes from, for people; the key's comment where it has none. */
  readonly origin: string;
  /** For keys in PEM that are encrypted. */
  readonly passphrase?: string;
}

/**
 * Reads a private key: ed25519, ECDSA or RSA, in OpenSSH's format or as PEM (PKCS#8, PKCS#1, SEC 1).
 *
 * @throws InputError `INPUT_SSH_AGENT_UNUSABLE`; it tells nothing of the key
 */
export function parsePrivateKey(bytes: Uint8Array, options: PrivateKeyOptions): SshKey {
  const { origin } = options;
  const text = Buffer.from(bytes).toString("latin1");
  const [, base64] = OPENSSH.exec(text) ?? [];
  if (base64 === undefined) return createSshKey(parsePem(text, options), origin);
  try {
    const { key, comment } = decodeOpensshKey(Buffer.from(base64, "base64"), origin);
    return createSshKey(key, comment);
  } catch (cause) {
    throw isKitsmithError(cause) ? cause : damaged(origin, cause);
  }
}

function parsePem(key: string, { origin, passphrase }: PrivateKeyOptions): KeyObject {
  if (key.startsWith("ssh-") || key.startsWith("ecdsa-")) throw isPublic(origin);
  try {
    return createPrivateKey({ key, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    if (/passphrase/i.test(String(cause)) || (/ENCRYPTED/.test(key) && passphrase === undefined)) {
      throw unusable(
        `the key in ${origin} has a passphrase`,
        cause,
        "Give it with passphrase: fromEnv(…), or add the key to an ssh agent, as the command line needs it.",
      );
    }
    throw damaged(origin, cause);
  }
}

function isPublic(origin: string): InputError {
  return unusable(`${origin} holds a public key`, undefined, "Give the private key's file, the one without .pub.");
}

function damaged(origin: string, cause: unknown): InputError {
  return unusable(
    `${origin} holds no private key that can be read`,
    cause,
    "It has to be ed25519, ECDSA or RSA, in OpenSSH's format or PEM; an encrypted one needs the right passphrase.",
  );
}

function unusable(message: string, cause: unknown, hint: string): InputError {
  return new InputError("INPUT_SSH_AGENT_UNUSABLE", message, { hint, ...(cause === undefined ? {} : { cause }) });
}
