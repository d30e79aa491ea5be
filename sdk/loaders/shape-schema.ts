import * as z from "zod/mini";
import type { RecordShape, Shape } from "../pkg/record.ts";
import { parseGoBoolean, parseGoNumber } from "./go-scalar.ts";
import { YamlScalar } from "./yaml-reading.ts";

/**
 * A zod schema for a shape as YAML holds it: keys are those of YAML, scalars are typed by the field that they are for,
 * and null stands for absence. What it gives has the keys of JSON and code.
 */
export function schemaOf(shape: Shape): z.ZodMiniType {
  switch (shape.kind) {
    case "text":
      return scalar("text", (value) => value.text);
    case "boolean":
      return scalar("true or false", (value) => parseGoBoolean(value.text, value.plain));
    case "integer":
      return scalar(`a whole number from ${shape.min} to ${shape.max}`, (value) => {
        const number = value.plain ? parseGoNumber(value.text) : undefined;
        const whole = typeof number === "number" && Number.isFinite(number) ? BigInt(Math.trunc(number)) : number;
        return typeof whole === "bigint" && whole >= shape.min && whole <= shape.max ? whole : undefined;
      });
    case "number-or-text":
      return scalar("a number or a name", numberOrName);
    case "list":
      return list(shape.of);
    case "map":
      return transformed(mapping(z.record(z.string(), z.nullable(schemaOf(shape.of)))), (value) =>
        withoutNulls(value, shape.of),
      );
    case "record":
      return recordSchema(shape);
  }
}

function recordSchema(shape: RecordShape): z.ZodMiniType {
  const members = shape.members.map((member) => [member.yamlKey, z.nullish(schemaOf(member.shape))]);
  return transformed(mapping(z.strictObject(Object.fromEntries(members))), (value) => renamed(shape, value));
}

/** What is no map of YAML is told as such, before its members are looked at. */
function mapping<T extends z.ZodMiniType<unknown, Readonly<Record<string, unknown>>>>(members: T) {
  const isMap = z.custom<Readonly<Record<string, unknown>>>(isMapping, { message: "expected a map" });
  return z.pipe(isMap, members);
}

function transformed<T, To>(schema: z.ZodMiniType<T>, transform: (value: T) => To): z.ZodMiniType<To> {
  return z.pipe(schema, z.transform(transform));
}

function renamed(shape: RecordShape, value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = shape.members.flatMap((member): [string, unknown][] => {
    const content = value[member.yamlKey];
    if (member.embedded) return Object.entries(isMapping(content) ? content : {});
    return content === undefined ? [] : [[member.key, content]];
  });
  return Object.fromEntries(entries);
}

/** A list; null elements are left out, as go-yaml leaves them out. */
function list(of: Shape): z.ZodMiniType {
  const items = z.array(z.nullable(schemaOf(of)), { error: "expected a list" });
  return transformed(items, (values) => values.filter((item) => item !== null));
}

function scalar<T>(expected: string, parse: (value: YamlScalar) => T | undefined): z.ZodMiniType {
  return z.transform((value, context) => {
    const parsed = value instanceof YamlScalar ? parse(value) : undefined;
    if (parsed !== undefined) return parsed;
    context.issues.push({ code: "custom", message: `expected ${expected}`, input: value });
    return z.NEVER;
  });
}

function numberOrName(value: YamlScalar): string | bigint | number | undefined {
  if (!value.plain) return value.text;
  const number = parseGoNumber(value.text);
  if (number !== undefined) return typeof number === "bigint" || Number.isFinite(number) ? number : undefined;
  const otherType = /^(?:true|false|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*)$/i.test(value.text);
  return otherType ? undefined : value.text;
}

/** In a map, go-yaml takes null for the empty value. */
function withoutNulls(value: Readonly<Record<string, unknown>>, of: Shape): Readonly<Record<string, unknown>> {
  const empty = of.kind === "text" ? "" : {};
  return Object.fromEntries(Object.entries(value).map(([key, content]) => [key, content ?? empty]));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof YamlScalar);
}
