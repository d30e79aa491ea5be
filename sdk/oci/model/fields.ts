import { ContentError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Content that is not what it should be. */
export function corrupt(message: string, cause?: unknown): ContentError {
  return new ContentError("CONTENT_CORRUPT", message, cause === undefined ? {} : { cause });
}

/** Parses JSON that must be an object. */
export function parseJsonObject(content: Uint8Array, origin: string): Fields {
  const value = parseJson(content, origin);
  if (!isRecord(value)) throw corrupt(`${origin} is not a JSON object`);
  return value;
}

/** A member that is a text or absent; null counts as absent, as it does in Go. */
export function optionalText(fields: Fields, name: string, origin: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw corrupt(`${origin}: "${name}" is not a text`);
  return value;
}

/** A member that is a list of texts or absent. */
export function optionalTexts(fields: Fields, name: string, origin: string): readonly string[] | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw corrupt(`${origin}: "${name}" is not a list of texts`);
  }
  return Object.freeze([...value]);
}

/** A member that is an object or absent. */
export function optionalRecord(fields: Fields, name: string, origin: string): Fields | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) throw corrupt(`${origin}: "${name}" is not an object`);
  return value;
}

/** A record whose values must all be texts. */
export function textRecord(fields: Fields, origin: string): Readonly<Record<string, string>> {
  const entries = Object.keys(fields).map((name) => [name, optionalText(fields, name, origin) ?? ""]);
  return Object.freeze(Object.fromEntries(entries));
}

/** A member that must be a list of at most so many entries. */
export function requiredList(fields: Fields, name: string, limit: number, origin: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw corrupt(`${origin}: "${name}" is not a list`);
  if (value.length > limit) throw corrupt(`${origin}: "${name}" has ${value.length} entries, more than ${limit}`);
  return value;
}

function parseJson(content: Uint8Array, origin: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch (cause) {
    throw corrupt(`${origin} is not JSON`, cause);
  }
}
