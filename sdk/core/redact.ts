/** Takes secrets out of text. Knows none at first: they are added when somebody gets them. */
export interface Redactor {
  /** From now on neither the value, nor one of its lines, is let through. What is shorter than 4 characters is: it would be found everywhere. */
  add(secret: Uint8Array): void;
  /** The text, with `***` for each secret. */
  text(text: string): string;
  /** The same data with all its texts redacted; the very same value where there is nothing to redact. */
  data<T>(value: T): T;
  /** Redacts an error in place, with its causes and details, and gives it back: whoever compares it finds it the same. */
  error<T>(error: T): T;
  /** Redacts a text that comes in pieces, wherever it is cut. */
  stream(): RedactedStream;
}

/** A text that comes in pieces. */
export interface RedactedStream {
  /** What may be shown by now: the beginning of what may become a secret is held back. */
  write(text: string): string;
  /** What was held back. */
  end(): string;
}

const SHORTEST = 4;
const PLACEHOLDER = "***";

/** A redactor without secrets. */
export function createRedactor(): Redactor {
  const known = new Set<string>();
  // The longest first: a line of a secret must not hide the whole.
  let secrets: readonly string[] = [];
  const text = (given: string): string =>
    secrets.reduce((shown, secret) => shown.replaceAll(secret, PLACEHOLDER), given);
  const data = <T>(value: T): T => (secrets.length === 0 ? value : mapTexts(value, text));
  return {
    text,
    data,
    error: (error) => {
      if (secrets.length > 0) redactError(error, text, new Set());
      return error;
    },
    add: (secret) => {
      for (const form of formsOf(Buffer.from(secret).toString("utf8"))) known.add(form);
      secrets = [...known].sort((left, right) => right.length - left.length);
    },
    stream: () => {
      let held = "";
      return {
        write: (piece) => {
          const all = text(held + piece);
          const kept = lengthOfBeginning(all, secrets);
          held = all.slice(all.length - kept);
          return all.slice(0, all.length - kept);
        },
        end: () => {
          const rest = held;
          held = "";
          return rest;
        },
      };
    },
  };
}

/** How a secret may look in a log: as it is, line by line, or quoted. */
function formsOf(value: string): readonly string[] {
  const whole = value.trim();
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  const plain = [value, whole, ...lines].filter((form) => form.trim().length >= SHORTEST);
  return plain.flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]);
}

/** How much of the end of a text is the beginning of a secret. */
function lengthOfBeginning(text: string, secrets: readonly string[]): number {
  return Math.max(0, ...secrets.map((secret) => text.length - startOfBeginning(text, secret)));
}

function startOfBeginning(text: string, secret: string): number {
  let start = Math.max(0, text.length - secret.length + 1);
  while (start < text.length && !secret.startsWith(text.slice(start))) {
    const next = text.indexOf(secret.charAt(0), start + 1);
    start = next === -1 ? text.length : next;
  }
  return start;
}

function mapTexts<T>(value: T, map: (text: string) => string): T;
function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) {
    const mapped = value.map((member) => mapTexts(member, map));
    return mapped.some((member, index) => member !== value[index]) ? Object.freeze(mapped) : value;
  }
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, member, mapTexts(member, map)] as const);
  if (entries.every(([, before, after]) => before === after)) return value;
  return Object.freeze(Object.fromEntries(entries.map(([key, , after]) => [key, after])));
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function redactError(error: unknown, map: (text: string) => string, seen: Set<unknown>): void {
  if (!(error instanceof Error) || seen.has(error)) return;
  seen.add(error);
  for (const [name, { enumerable = false, configurable }] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
    // Newer engines have `stack` as an accessor.
    const value: unknown = Reflect.get(error, name);
    for (const inner of Array.isArray(value) ? value : [value]) redactError(inner, map, seen);
    const redacted = mapTexts(value, map);
    if (redacted === value || !configurable) continue;
    Object.defineProperty(error, name, { value: redacted, writable: true, enumerable, configurable });
  }
}
