import type { ErrorCode } from "../../../core/error-codes.ts";
import { RegistryError } from "../../../core/errors.ts";
import { isRecord } from "../../../core/json.ts";
import { readSmallAnswer } from "./answer-content.ts";
import type { HttpAnswer } from "./http.ts";

const ERROR_LIMIT_BYTES = 16 * 1024;
const TEXT_LIMIT = 500;

/** Makes an error of an answer that is not success, and gives its connection up. */
export async function readAnswerError(answer: HttpAnswer, action: string): Promise<RegistryError> {
  const problem = describeBody(await readStart(answer));
  answer.discard();
  const { status } = answer;
  const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], Date.now());
  return new RegistryError(codeOf(status), `${action}: ${answer.url.host} answered ${status}${problem}`, {
    hint: hintOf(status, answer.url.host),
    details: { status, host: answer.url.host, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    retryable: status === 429 || status === 408 || status >= 500,
  });
}

/** The wait that a registry asks for: seconds, or a date. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function codeOf(status: number): ErrorCode<"RegistryError"> {
  if (status === 401) return "REGISTRY_UNAUTHORIZED";
  if (status === 403) return "REGISTRY_FORBIDDEN";
  if (status === 404) return "REGISTRY_NOT_FOUND";
  if (status === 429) return "REGISTRY_RATE_LIMITED";
  return status >= 500 ? "REGISTRY_UNAVAILABLE" : "REGISTRY_REJECTED";
}

function hintOf(status: number, host: string): string {
  if (status === 401) return `Log in with \`docker login ${host}\`, or set DOCKER_AUTH_CONFIG.`;
  if (status === 403) return "Ask for the right to do this, or use other credentials.";
  if (status === 404) return "Check the name; some registries say this of repositories that you may not see.";
  if (status === 429) return "Wait, or log in: registries allow more to those they know.";
  return status >= 500 ? "Try again later." : "The registry does not accept this.";
}

async function readStart(answer: HttpAnswer): Promise<string> {
  try {
    return new TextDecoder().decode(await readSmallAnswer(answer, ERROR_LIMIT_BYTES, "the answer"));
  } catch {
    // What the registry would have said is gone, or not worth it; its status is enough.
    return "";
  }
}

/** The registry's own words, where they are in the form that the specification gives. */
function describeBody(text: string): string {
  const body = parseJson(text);
  const errors = isRecord(body) && Array.isArray(body.errors) ? body.errors : [];
  const words = errors.filter(isRecord).map(({ code, message }) => [code, message].filter(isText).join(" "));
  return words.length === 0 ? "" : `: ${words.join("; ").slice(0, TEXT_LIMIT)}`;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
