import type { Abortable } from "../../../core/abort.ts";
import { RegistryError } from "../../../core/errors.ts";
import { isRecord } from "../../../core/json.ts";
import type { Credential } from "../../../credentials/credential-source.ts";
import { readSmallAnswer } from "../http/answer-content.ts";
import { readAnswerError } from "../http/answer-error.ts";
import type { HttpRequest, HttpSender } from "../http/http.ts";
import { withRetry } from "../http/retry.ts";

/** What a token is asked for with. */
export interface TokenRequest extends Abortable {
  readonly realm: URL;
  readonly service: string | undefined;
  /** Such as `repository:team/app:pull,push`. */
  readonly scopes: readonly string[];
  readonly credential: Credential | undefined;
  readonly userAgent: string;
}

/** An access token. */
export interface Token {
  readonly text: string;
  readonly lifeMs: number;
}

const DEFAULT_LIFE_SECONDS = 60;
const ANSWER_LIMIT_BYTES = 1024 * 1024;
const CLIENT_ID = "kitsmith";

/**
 * Gets an access token from a registry's token service: with an identity token by OAuth, else with user and password, else
 * anonymously.
 *
 * @throws RegistryError `REGISTRY_UNAUTHORIZED` if the service refuses the credentials, and as every request does
 * @source https://github.com/distribution/distribution/blob/v3.0.0/docs/content/spec/auth/token.md
 */
export async function fetchToken(sender: HttpSender, request: TokenRequest): Promise<Token> {
  const http = request.credential?.kind === "identity-token" ? oauthRequest(request) : plainRequest(request);
  return await withRetry(async () => {
    const answer = await sender.send(http);
    if (answer.status !== 200) throw withoutAbsence(await readAnswerError(answer, "getting an access token"));
    const content = await readSmallAnswer(answer, ANSWER_LIMIT_BYTES, `the token of ${request.realm.host}`);
    return parseToken(new TextDecoder().decode(content), request.realm.host);
  }, request);
}

/** The header for a user and password. */
export function basicHeader(credential: Credential | undefined): string | undefined {
  if (credential?.kind !== "basic") return undefined;
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`, "utf8").toString("base64")}`;
}

function plainRequest(request: TokenRequest): HttpRequest {
  const url = new URL(request.realm);
  if (request.service !== undefined) url.searchParams.set("service", request.service);
  for (const scope of request.scopes) url.searchParams.append("scope", scope);
  url.searchParams.set("client_id", CLIENT_ID);
  const authorization = basicHeader(request.credential);
  const headers = { "user-agent": request.userAgent, ...(authorization === undefined ? {} : { authorization }) };
  return { method: "GET", url, headers, signal: request.signal };
}

function oauthRequest(request: TokenRequest): HttpRequest {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: CLIENT_ID,
    scope: request.scopes.join(" "),
    ...(request.service === undefined ? {} : { service: request.service }),
    ...(request.credential?.kind === "identity-token" ? { refresh_token: request.credential.token } : {}),
  });
  const content = new TextEncoder().encode(form.toString());
  return {
    method: "POST",
    url: request.realm,
    headers: { "user-agent": request.userAgent, "content-type": "application/x-www-form-urlencoded" },
    body: { sizeBytes: content.byteLength, open: () => [content] },
    signal: request.signal,
  };
}

/** A token service that is not there does not mean that an image is not there. */
function withoutAbsence(error: RegistryError): RegistryError {
  if (error.code !== "REGISTRY_NOT_FOUND") return error;
  return new RegistryError("REGISTRY_PROTOCOL", "the registry names a token service that there is not", {
    cause: error,
    details: error.details,
  });
}

function parseToken(text: string, host: string): Token {
  const answer = parseJson(text);
  if (!isRecord(answer)) throw invalid(host);
  const token = answer.token || answer.access_token;
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) throw invalid(host);
  const seconds = typeof answer.expires_in === "number" && answer.expires_in > 0 ? answer.expires_in : undefined;
  return { text: token, lifeMs: (seconds ?? DEFAULT_LIFE_SECONDS) * 1000 };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8's message would quote the token.
    return undefined;
  }
}

function invalid(host: string): RegistryError {
  return new RegistryError("REGISTRY_PROTOCOL", `the token service ${host} gave an answer without a token`);
}
