import { isKitsmithError, RegistryError } from "../../../core/errors.ts";

/** Causes that will not go away by asking again. */
const DEFINITE: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);

/** What a broken exchange means; our own errors and an abort's reason pass unchanged. */
export function asNetworkError(cause: unknown, url: URL, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (isKitsmithError(cause) || !(cause instanceof Error)) return cause;
  const code = "code" in cause ? String(cause.code) : "";
  if (isTlsCode(code)) {
    return new RegistryError("REGISTRY_TLS", `the certificate of ${url.host} is not accepted: ${cause.message}`, {
      cause,
      hint: "Trust its certificate authority (NODE_EXTRA_CA_CERTS), or name the registry as insecure if it speaks plain http.",
      details: { host: url.host, reason: code },
    });
  }
  return new RegistryError("REGISTRY_UNREACHABLE", `${url.host} cannot be reached: ${cause.message || code}`, {
    cause,
    hint: "Check the registry's name, that it runs, and the network.",
    details: { host: url.host, reason: code },
    retryable: !DEFINITE.has(code),
  });
}

function isTlsCode(code: string): boolean {
  return /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$)/.test(code);
}
