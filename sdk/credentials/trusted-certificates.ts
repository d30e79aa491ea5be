import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { InputError } from "../core/errors.ts";

/** Which authorities are trusted besides those that Node brings. */
export interface TrustOptions {
  /** Files with certificates, PEM. */
  readonly files?: readonly string[] | undefined;
  /** Read: `NODE_EXTRA_CA_CERTS` and `SSL_CERT_FILE`. Default: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Where distributions keep the authorities that the machine trusts. The first that is there counts, as for Go's programs. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];
const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED )?CERTIFICATE-----/g;

/**
 * The authorities to trust: Node's, those of `NODE_EXTRA_CA_CERTS`, of `SSL_CERT_FILE` or else of the machine, and of the
 * given files.
 *
 * @throws InputError `INPUT_OPTION_INVALID` if a given file holds no certificate or cannot be read
 */
export async function loadTrustedCertificates({
  files = [],
  env = process.env,
}: TrustOptions = {}): Promise<readonly string[]> {
  const machine = env.SSL_CERT_FILE ? [env.SSL_CERT_FILE] : SYSTEM_BUNDLES;
  const texts = await Promise.all([
    env.NODE_EXTRA_CA_CERTS ? readIfThere([env.NODE_EXTRA_CA_CERTS]) : [],
    readIfThere(machine),
    ...files.map(readGiven),
  ]);
  return [...new Set([...rootCertificates, ...texts.flat()])];
}

/** A variable that names nothing is no mistake of this command. */
async function readIfThere(paths: readonly string[]): Promise<readonly string[]> {
  for (const path of paths) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return text.match(CERTIFICATE) ?? [];
  }
  return [];
}

async function readGiven(path: string): Promise<readonly string[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new InputError("INPUT_OPTION_INVALID", `the certificate file ${path} cannot be read`, { cause });
  });
  const certificates = text.match(CERTIFICATE);
  if (certificates !== null) return certificates;
  throw new InputError("INPUT_OPTION_INVALID", `${path} holds no certificate`, {
    hint: "It must be PEM: a text with BEGIN CERTIFICATE.",
  });
}
