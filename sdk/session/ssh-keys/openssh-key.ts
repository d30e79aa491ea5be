import { createPrivateKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { InputError } from "../../core/errors.ts";
import { SshReader } from "./wire-format.ts";

const MAGIC = "openssh-key-v1\0";
const CURVES: Readonly<Record<string, string>> = { nistp256: "P-256", nistp384: "P-384", nistp521: "P-521" };

/** A key and what its file calls it. */
export interface NamedKey {
  readonly key: KeyObject;
  readonly comment: string;
}

/**
 * Reads the binary form of OpenSSH's own format.
 *
 * @source https://github.com/openssh/openssh-portable/blob/V_9_9_P2/PROTOCOL.key
 * @throws InputError `INPUT_SSH_AGENT_UNUSABLE` for a key with a passphrase, of another kind, or cut short
 */
export function decodeOpensshKey(bytes: Uint8Array, origin: string): NamedKey {
  const reader = new SshReader(bytes);
  if (reader.take(MAGIC.length).toString("latin1") !== MAGIC) throw unusable(`${origin} holds no key of OpenSSH`);
  const cipher = reader.text();
  reader.string();
  reader.string();
  if (cipher !== "none") throw encrypted(origin);
  if (reader.uint32() !== 1) throw unusable(`${origin} holds several keys in one`);
  reader.string();
  return decodePrivateSection(new SshReader(reader.string()), origin);
}

function decodePrivateSection(reader: SshReader, origin: string): NamedKey {
  const [check, again] = [reader.uint32(), reader.uint32()];
  if (check !== again) throw unusable(`the key in ${origin} is damaged`);
  const jwk = decodeMembers(reader, reader.text(), origin);
  return { comment: reader.text() || origin, key: createPrivateKey({ key: jwk, format: "jwk" }) };
}

function decodeMembers(reader: SshReader, type: string, origin: string): JsonWebKey {
  if (type === "ssh-ed25519") {
    const x = base64(reader.string());
    // The seed, and the public key again.
    return { kty: "OKP", crv: "Ed25519", x, d: base64(reader.string().subarray(0, 32)) };
  }
  if (type === "ssh-rsa") return decodeRsa(reader);
  if (type.startsWith("ecdsa-sha2-")) return decodeEcdsa(reader, origin);
  throw unusable(`the key in ${origin} is of the kind ${type}, which cannot be used here`, {
    hint: "Keys of hardware and certificates need an agent: name its socket with .ssh({ default: … }).",
  });
}

function decodeRsa(reader: SshReader): JsonWebKey {
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => reader.number());
  return {
    ...{ kty: "RSA", n: base64(n), e: base64(e), d: base64(d), p: base64(p), q: base64(q), qi: base64(qi) },
    ...{ dp: remainder(d, p), dq: remainder(d, q) },
  };
}

function decodeEcdsa(reader: SshReader, origin: string): JsonWebKey {
  const crv = CURVES[reader.text()];
  const point = reader.string();
  if (crv === undefined || point[0] !== 4) throw unusable(`the key in ${origin} is on a curve that ssh does not have`);
  const half = (point.byteLength - 1) / 2;
  const d = reader.number();
  const padded = Buffer.concat([Buffer.alloc(Math.max(0, half - d.byteLength)), d]);
  return {
    ...{ kty: "EC", crv, d: base64(padded) },
    ...{ x: base64(point.subarray(1, 1 + half)), y: base64(point.subarray(1 + half)) },
  };
}

/** `d` modulo `prime - 1`, which OpenSSH leaves to be reckoned. */
function remainder(d: Buffer | undefined, prime: Buffer | undefined): string {
  const digits = (numberOf(d) % (numberOf(prime) - 1n)).toString(16);
  return base64(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex"));
}

function numberOf(bytes: Buffer | undefined): bigint {
  return BigInt(`0x${bytes?.toString("hex") || "0"}`);
}

function base64(bytes: Buffer | undefined): string {
  return bytes?.toString("base64url") ?? "";
}

function encrypted(origin: string): InputError {
  return unusable(`the key in ${origin} has a passphrase, in a form that only OpenSSH's own programs open`, {
    hint: 'Add it to an agent with `ssh-add`, and use .ssh(); or give a copy without: `ssh-keygen -p -N "" -f COPY`.',
  });
}

function unusable(message: string, options: { readonly hint?: string } = {}): InputError {
  return new InputError("INPUT_SSH_AGENT_UNUSABLE", message, options);
}
