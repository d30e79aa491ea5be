import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { fromValue, type SecretSource } from "../run/facade/secret-source.ts";
import { parseBoolean } from "./boolean.ts";
import { parseCsvFields } from "./csv-fields.ts";

/** One cache of a command line. Each attribute is read once; what nobody asked for is not accepted. */
export interface CacheAttributes {
  readonly type: string;
  text(name: string): string | undefined;
  /** @throws InputError `INPUT_OPTION_INVALID` where it is not given */
  required(name: string): string;
  oneOf<const T extends string>(name: string, choices: readonly T[]): T | undefined;
  boolean(name: string): boolean | undefined;
  number(name: string): number | undefined;
  /** As Go writes durations: `10m`, `1h30m`. */
  milliseconds(name: string): number | undefined;
  secret(name: string): SecretSource | undefined;
  /** Names of the secrets that were given: everybody on the machine can read them there. */
  readonly secrets: readonly string[];
  /** @throws InputError `INPUT_OPTION_INVALID` for an attribute that was not read */
  finish(): void;
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, ns: 1e-6 };

/**
 * Reads `type=T,name=value,…`; a text without `=` is the reference of a registry cache. No message holds a value: it may be
 * a secret.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function parseCacheAttributes(flag: string, text: string): readonly CacheAttributes[] {
  const fields = parseCsvFields(text);
  if (fields === undefined) throw invalid(`a value of --${flag} is no CSV: its quotes do not match`);
  // A list of references is a list of caches.
  if (!text.includes("=")) return fields.map((ref) => readerOf(flag, "registry", new Map([["ref", ref]])));
  const given = new Map(fields.map((field, index) => splitField(flag, field, index)));
  const type = given.get("type");
  if (!type)
    throw invalid(`a value of --${flag} has no type`, "Such as type=registry,ref=registry.example/acme/cache.");
  given.delete("type");
  return [readerOf(flag, type, given)];
}

function splitField(flag: string, field: string, index: number): readonly [string, string] {
  const separator = field.indexOf("=");
  if (separator <= 0) throw invalid(`field ${index + 1} of a value of --${flag} has no name before a "="`);
  return [field.slice(0, separator).toLowerCase(), field.slice(separator + 1)];
}

function readerOf(flag: string, type: string, given: ReadonlyMap<string, string>): CacheAttributes {
  const accepted = new Set<string>();
  const secrets: string[] = [];
  const text = (name: string): string | undefined => {
    accepted.add(name);
    return given.get(name) || undefined;
  };
  const parsed = <T>(name: string, form: string, parse: (value: string) => T | undefined): T | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const result = parse(value);
    if (result === undefined) throw invalid(`${name} of --${flag} takes ${form}`);
    return result;
  };
  return {
    type,
    text,
    secrets,
    required: (name) => {
      const value = text(name);
      if (value === undefined) throw invalid(`--${flag} type=${type} needs ${name}`);
      return value;
    },
    oneOf: (name, choices) => parsed(name, choices.join(" or "), (value) => choices.find((one) => one === value)),
    boolean: (name) => parsed(name, "true or false", parseBoolean),
    number: (name) => parsed(name, "a number", (value) => (/^\d{1,9}$/.test(value) ? Number(value) : undefined)),
    milliseconds: (name) => parsed(name, "a duration, such as 10m", parseMilliseconds),
    secret: (name) => {
      const value = text(name);
      if (value === undefined) return undefined;
      secrets.push(name);
      return fromValue(value);
    },
    finish: () => {
      const unknown = [...given.keys()].find((name) => !accepted.has(name));
      if (unknown !== undefined) throw unknownAttribute(flag, type, unknown, [...accepted]);
    },
  };
}

function parseMilliseconds(value: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|m|s|ms|us|ns))+$/.test(value)) return undefined;
  let sum = 0;
  for (const [, amount, unit = ""] of value.matchAll(/(\d+(?:\.\d+)?)([a-z]+)/g)) {
    sum += Number(amount) * (UNITS_MS[unit] ?? 0);
  }
  return Math.round(sum);
}

function unknownAttribute(flag: string, type: string, name: string, accepted: readonly string[]): InputError {
  const near = nearest(name, accepted);
  const list = accepted.length > 0 ? `It takes ${accepted.join(", ")}.` : "It takes none.";
  return new InputError("INPUT_OPTION_INVALID", `--${flag} type=${type} has no attribute ${name}`, {
    hint: near === undefined ? list : `Did you mean ${near}? ${list}`,
    details: { attribute: name, accepted },
  });
}

function invalid(message: string, hint?: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", message, hint === undefined ? {} : { hint });
}
