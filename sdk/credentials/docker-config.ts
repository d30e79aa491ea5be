import { InputError } from "../core/errors.ts";
import { isRecord } from "../core/json.ts";
import type { Credential } from "./credential-source.ts";

/** The parts of docker's config.json that speak of credentials. */
export interface DockerConfig {
  readonly auths: Readonly<Record<string, unknown>>;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | undefined;
}

/** Docker Hub answers to several hosts; its credentials lie under one key that is a URL. */
const HUB_HOSTS: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);
const HUB_KEY = "https://index.docker.io/v1/";

/**
 * Reads a config.json, or the value of `DOCKER_AUTH_CONFIG`.
 *
 * @param origin - the file or variable, for messages
 * @throws InputError `INPUT_CREDENTIALS_INVALID`; the message never quotes the text, which holds secrets
 */
export function parseDockerConfig(text: string, origin: string): DockerConfig {
  const config = parseRecord(text, origin);
  return {
    auths: recordMember(config, "auths", origin),
    credHelpers: textMembers(recordMember(config, "credHelpers", origin), `${origin}: credHelpers`),
    credsStore: textMember(config, "credsStore", origin),
  };
}

/** The name under which credentials of a host are stored and asked for. */
export function credentialKey(host: string): string {
  return HUB_HOSTS.has(host) ? HUB_KEY : host;
}

/** The helper for a host: its own, else the general store. */
export function findHelper(config: DockerConfig, host: string): string | undefined {
  const names = HUB_HOSTS.has(host) ? [HUB_KEY, ...HUB_HOSTS] : [host];
  return names.map((name) => config.credHelpers[name]).find(Boolean) ?? (config.credsStore || undefined);
}

/**
 * The credential that stands in the file itself.
 *
 * Keys may be hosts or URLs; the exact key wins over one that only names the same host.
 *
 * @throws InputError `INPUT_CREDENTIALS_INVALID`
 */
export function findStoredCredential(config: DockerConfig, host: string, origin: string): Credential | undefined {
  const key = credentialKey(host);
  const entry = config.auths[key] ?? Object.entries(config.auths).find(([name]) => sameHost(name, host))?.[1];
  if (entry === undefined || entry === null) return undefined;
  if (!isRecord(entry)) throw invalid(`${origin}: the entry for ${host} is not an object`);
  return parseEntry(entry, `${origin}: the entry for ${host}`);
}

function sameHost(name: string, host: string): boolean {
  const bare = name.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return bare === host || (HUB_HOSTS.has(bare) && HUB_HOSTS.has(host));
}

function parseEntry(entry: Readonly<Record<string, unknown>>, origin: string): Credential | undefined {
  const identityToken = textMember(entry, "identitytoken", origin);
  if (identityToken) return { kind: "identity-token", token: identityToken };
  const registryToken = textMember(entry, "registrytoken", origin);
  if (registryToken) return { kind: "registry-token", token: registryToken };
  const auth = textMember(entry, "auth", origin);
  if (auth) return parseBasicAuth(auth, origin);
  const username = textMember(entry, "username", origin);
  return username ? { kind: "basic", username, password: textMember(entry, "password", origin) ?? "" } : undefined;
}

function parseBasicAuth(auth: string, origin: string): Credential {
  const decoded = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  if (colon < 1) throw invalid(`${origin} has an "auth" that is not base64 of user:password`);
  return { kind: "basic", username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function parseRecord(text: string, origin: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  if (!isRecord(value)) throw invalid(`${origin} is not a JSON object`);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8's message quotes the text around the mistake, which may be a secret.
    return undefined;
  }
}

function recordMember(
  record: Readonly<Record<string, unknown>>,
  name: string,
  origin: string,
): Readonly<Record<string, unknown>> {
  const member = record[name];
  if (member === undefined || member === null) return {};
  if (!isRecord(member)) throw invalid(`${origin}: "${name}" is not an object`);
  return member;
}

function textMember(record: Readonly<Record<string, unknown>>, name: string, origin: string): string | undefined {
  const member = record[name];
  if (member === undefined || member === null) return undefined;
  if (typeof member !== "string") throw invalid(`${origin}: "${name}" is not a text`);
  return member;
}

function textMembers(record: Readonly<Record<string, unknown>>, origin: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(record).map((name) => [name, textMember(record, name, origin) ?? ""]));
}

function invalid(message: string): InputError {
  return new InputError("INPUT_CREDENTIALS_INVALID", message, {
    hint: "Run `docker login` again, or correct the file; its format is docker's config.json.",
  });
}
