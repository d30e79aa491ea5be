import { compareUtf8 } from "../encoding/proto-writer.ts";

/** A JSON value whose whole numbers may exceed what JavaScript holds exactly; `undefined` members are left out. */
export type GoJson = string | number | bigint | boolean | readonly GoJson[] | GoJsonObject;

/** An object of {@link GoJson}. */
export interface GoJsonObject {
  readonly [key: string]: GoJson | undefined;
}

/** JSON text as Go writes it: no blanks, large numbers whole, and what HTML or JavaScript misread escaped. */
export function formatGoJson(value: GoJson): string {
  if (typeof value === "string") return formatText(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(formatGoJson).join(",")}]`;
  const members = Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [`${formatText(key)}:${formatGoJson(member)}`],
  );
  return `{${members.join(",")}}`;
}

function isList(value: GoJson): value is readonly GoJson[] {
  return Array.isArray(value);
}

function formatText(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Without members that are zero, empty or undefined, as Go's omitempty does. Nested values stay. */
export function omitZero(value: GoJsonObject): GoJsonObject {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, member]) =>
        member !== undefined &&
        member !== 0 &&
        member !== 0n &&
        member !== "" &&
        member !== false &&
        !(Array.isArray(member) && member.length === 0),
    ),
  );
}

/** A map with sorted keys, or undefined if it is empty. */
export function sortedMap(entries: Readonly<Record<string, GoJson>> | undefined): GoJson | undefined {
  const keys = Object.keys(entries ?? {}).sort(compareUtf8);
  return keys.length === 0 ? undefined : Object.fromEntries(keys.map((key) => [key, entries?.[key]]));
}
