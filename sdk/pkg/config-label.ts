import { InputError } from "../core/errors.ts";
import { isRecord } from "../core/json.ts";
import { nearest } from "../core/nearest.ts";
import { CONFIG_SHAPE } from "./config-shape.ts";
import { compareBytes, formatGoString } from "./go-json.ts";
import type { Member, RecordShape, Shape } from "./record.ts";

/** The runtime configuration of a package, as its label spells it (`uidMappings[].hostID`, `resources.blockIO` …). */
export type PackageConfig = Readonly<Record<string, unknown>>;

/**
 * The text of the label `org.mobyproject.config`, byte for byte as the LinuxKit CLI writes it.
 * Members that are `undefined` or `null` count as absent.
 *
 * @throws InputError `INPUT_FIELD_UNKNOWN` or `INPUT_OPTION_INVALID`
 */
export function encodeConfigLabel(config: PackageConfig): string {
  return encode(CONFIG_SHAPE, config, "config");
}

function encode(shape: Shape, value: unknown, path: string): string {
  if (shape.kind === "record") return `{${encodeMembers(shape, fieldsOf(value, path), path, true).join(",")}}`;
  if (shape.kind === "text" && typeof value === "string") return formatGoString(value);
  if (shape.kind === "boolean" && typeof value === "boolean") return String(value);
  if (shape.kind === "number-or-text") return numberOrText(value, path);
  if (shape.kind === "integer") {
    const digits = wholeNumber(value, path);
    if (BigInt(digits) >= shape.min && BigInt(digits) <= shape.max) return digits;
  }
  if (shape.kind === "list" && Array.isArray(value)) {
    return `[${value.map((item: unknown, index) => encode(shape.of, item, `${path}[${index}]`)).join(",")}]`;
  }
  if (shape.kind === "map" && isRecord(value)) {
    const keys = Object.keys(value).sort(compareBytes);
    return `{${keys.map((key) => `${formatGoString(key)}:${encode(shape.of, value[key], `${path}.${key}`)}`).join(",")}}`;
  }
  throw invalid(path, shape);
}

function encodeMembers(shape: RecordShape, fields: PackageConfig, path: string, strict: boolean): string[] {
  if (strict) refuseUnknown(shape, fields, path);
  return shape.members.flatMap((member) => {
    if (member.embedded && member.shape.kind === "record") return encodeMembers(member.shape, fields, path, false);
    const value = fields[member.key] ?? emptyValue(member);
    if (value === undefined || (member.written === "filled" && isEmpty(value))) return [];
    return [`${formatGoString(member.key)}:${encode(member.shape, value, `${path}.${member.key}`)}`];
  });
}

function fieldsOf(value: unknown, path: string): PackageConfig {
  if (isRecord(value)) return value;
  throw invalid(path, CONFIG_SHAPE);
}

function refuseUnknown(shape: RecordShape, fields: PackageConfig, path: string): void {
  const known = shape.members.flatMap((member) =>
    member.embedded && member.shape.kind === "record" ? member.shape.members.map(({ key }) => key) : [member.key],
  );
  const unknown = Object.keys(fields).find((key) => fields[key] !== undefined && !known.includes(key));
  if (unknown === undefined) return;
  const guess = nearest(unknown, known);
  throw new InputError("INPUT_FIELD_UNKNOWN", `${path} has no key "${unknown}"`, {
    hint: guess === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean "${guess}"?`,
    details: { path, key: unknown },
  });
}

/** What Go writes for a member that was not given, if it writes it at all. */
function emptyValue(member: Member): unknown {
  if (member.written !== "always") return undefined;
  return { text: "", boolean: false, integer: 0, "number-or-text": undefined, list: [], map: {}, record: {} }[
    member.shape.kind
  ];
}

function isEmpty(value: unknown): boolean {
  return (
    value === "" ||
    value === false ||
    value === 0 ||
    value === 0n ||
    (Array.isArray(value) && value.length === 0) ||
    (isRecord(value) && Object.keys(value).length === 0)
  );
}

/** Go and JavaScript write fractions alike. */
function numberOrText(value: unknown, path: string): string {
  if (typeof value === "string") return formatGoString(value);
  return typeof value === "number" && Number.isFinite(value) ? String(value) : wholeNumber(value, path);
}

function wholeNumber(value: unknown, path: string): string {
  if (typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value))) return String(value);
  throw invalid(path, { kind: "integer", min: 0n, max: 0n });
}

const EXPECTED: Readonly<Record<Shape["kind"], string>> = {
  text: "text",
  boolean: "true or false",
  integer: "a whole number in the field's range",
  "number-or-text": "a number or text",
  list: "a list",
  map: "a map",
  record: "a map",
};

function invalid(path: string, shape: Shape): InputError {
  return new InputError("INPUT_OPTION_INVALID", `${path} must be ${EXPECTED[shape.kind]}`, { details: { path } });
}
