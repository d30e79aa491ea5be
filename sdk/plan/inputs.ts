import { digestHex, digestOf } from "../core/digest.ts";
import { canonicalJson, isRecord } from "../core/json.ts";
import type { TagInput } from "./tag-inputs.ts";

/** The annotation that records what an image was made from besides its tree. */
export const INPUTS_ANNOTATION = "io.kitsmith.inputs";
/** The annotation that tells those inputs apart: `{"kind name":"digest"}`. */
export const INPUT_DIGESTS_ANNOTATION = "io.kitsmith.input-digests";

/** Longer lists are kept by kind alone: annotations travel with each look at an image. */
const MAX_LIST_BYTES = 4096;
/** Enough to tell two values apart. */
const SHORT_DIGITS = 8;

type OneInput = Pick<TagInput, "kind" | "name" | "value">;

/** Digests by input, as `kind name`; in lists that would be too long, by kind. */
export type InputDigests = Readonly<Record<string, string>>;

/**
 * The digest of what goes into an image without being covered by its tag, in 64 hex digits.
 * Undefined if there is nothing of that kind: such images carry no annotation, as LinuxKit's own do not.
 */
export function inputsDigest(inputs: Readonly<Record<string, unknown>>): string | undefined {
  const present = Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isEmpty(value)));
  return Object.keys(present).length === 0 ? undefined : digestHex(digestOf(canonicalJson(present)));
}

/**
 * A short digest of each input, so that a later comparison names the one which differs; values stand nowhere. The salt, the
 * image's digest of all its inputs, keeps equal values of different images from looking alike.
 *
 * @param like the list that it will be compared with: the same form is kept. Default: by name, unless that is too long
 */
export function inputDigests(inputs: readonly OneInput[], salt: string, like?: InputDigests): InputDigests {
  const isByKind = like && Object.keys(like).length > 0 && !Object.keys(like).some((key) => key.includes(" "));
  if (isByKind) return digestsBy(inputs, salt, ({ kind }) => kind);
  const byName = digestsBy(inputs, salt, ({ kind, name }) => `${kind} ${name}`);
  if (like || formatInputDigests(byName).length <= MAX_LIST_BYTES) return byName;
  return digestsBy(inputs, salt, ({ kind }) => kind);
}

/** The annotation's text. */
export function formatInputDigests(digests: InputDigests): string {
  return canonicalJson(digests);
}

/** Reads the annotation; undefined for what is no such list. */
export function parseInputDigests(text: string | undefined): InputDigests | undefined {
  const entries = Object.entries(parseObject(text) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function digestsBy(
  inputs: readonly OneInput[],
  salt: string,
  keyOf: (input: Pick<TagInput, "kind" | "name">) => string,
): InputDigests {
  const values = new Map<string, [string, string][]>();
  for (const input of inputs) {
    const key = keyOf(input);
    values.set(key, [...(values.get(key) ?? []), [input.name, input.value]]);
  }
  const digests = [...values].map(([key, list]): [string, string] => [
    key,
    digestHex(digestOf(canonicalJson([salt, key, list.map((pair) => canonicalJson(pair)).sort()]))).slice(
      0,
      SHORT_DIGITS,
    ),
  ]);
  return Object.fromEntries(digests);
}

function parseObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined || text.length > 2 * MAX_LIST_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}
