import { type JsonWebKey, type KeyObject, sign } from "node:crypto";
import { InputError } from "../../core/errors.ts";
import { encodeNumber, encodeString } from "./wire-format.ts";

/** A private key that signs, and gives nothing else of itself away. */
export interface SshKey {
  /** As agents and servers know it. */
  readonly publicBlob: Buffer;
  readonly comment: string;
  /** A signature as an agent gives it; undefined for one that is not made, such as with SHA-1. */
  readonly sign: (data: Uint8Array, flags: number) => Buffer | undefined;
}

/**
 * What a client asks for with a key of RSA.
 *
 * @source https://www.rfc-editor.org/rfc/rfc9987.html
 */
const RSA_SHA2_256 = 2;
const RSA_SHA2_512 = 4;

const CURVES: Readonly<Record<string, { readonly name: string; readonly hash: string }>> = {
  "P-256": { name: "nistp256", hash: "sha256" },
  "P-384": { name: "nistp384", hash: "sha384" },
  "P-521": { name: "nistp521", hash: "sha512" },
};

/**
 * Makes a key that signs of one of node's.
 *
 * @throws InputError `INPUT_SSH_AGENT_UNUSABLE` for a kind of key that ssh does not have
 */
export function createSshKey(key: KeyObject, comment: string): SshKey {
  const jwk = key.export({ format: "jwk" });
  if (jwk.kty === "OKP" && jwk.crv === "Ed25519") return ed25519Key(key, jwk, comment);
  if (jwk.kty === "RSA") return rsaKey(key, jwk, comment);
  const curve = jwk.kty === "EC" ? CURVES[jwk.crv ?? ""] : undefined;
  if (curve !== undefined) return ecdsaKey(key, jwk, curve, comment);
  throw new InputError("INPUT_SSH_AGENT_UNUSABLE", `${comment} is of a kind that ssh has no keys of: ${jwk.crv}`, {
    hint: "Make one with `ssh-keygen -t ed25519`.",
  });
}

function ed25519Key(key: KeyObject, { x }: JsonWebKey, comment: string): SshKey {
  const name = "ssh-ed25519";
  return {
    publicBlob: Buffer.concat([encodeString(name), encodeString(member(x))]),
    comment,
    sign: (data) => signature(name, sign(null, data, key)),
  };
}

function rsaKey(key: KeyObject, { n, e }: JsonWebKey, comment: string): SshKey {
  return {
    publicBlob: Buffer.concat([encodeString("ssh-rsa"), encodeNumber(member(e)), encodeNumber(member(n))]),
    comment,
    sign: (data, flags) => {
      if ((flags & RSA_SHA2_512) !== 0) return signature("rsa-sha2-512", sign("sha512", data, key));
      return (flags & RSA_SHA2_256) === 0 ? undefined : signature("rsa-sha2-256", sign("sha256", data, key));
    },
  };
}

function ecdsaKey(
  key: KeyObject,
  { x, y }: JsonWebKey,
  curve: { readonly name: string; readonly hash: string },
  comment: string,
): SshKey {
  const name = `ecdsa-sha2-${curve.name}`;
  const point = Buffer.concat([Uint8Array.of(4), member(x), member(y)]);
  return {
    publicBlob: Buffer.concat([encodeString(name), encodeString(curve.name), encodeString(point)]),
    comment,
    sign: (data) => {
      const both = sign(curve.hash, data, { key, dsaEncoding: "ieee-p1363" });
      const half = both.byteLength / 2;
      return signature(name, Buffer.concat([encodeNumber(both.subarray(0, half)), encodeNumber(both.subarray(half))]));
    },
  };
}

function signature(algorithm: string, bytes: Uint8Array): Buffer {
  return Buffer.concat([encodeString(algorithm), encodeString(bytes)]);
}

function member(value: string | undefined): Buffer {
  return Buffer.from(value ?? "", "base64url");
}
