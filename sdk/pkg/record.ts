/** The shape of a value that comes from YAML or code and is written as JSON by Go's rules. */
export type Shape =
  | { readonly kind: "text" }
  | { readonly kind: "boolean" }
  | { readonly kind: "integer"; readonly min: bigint; readonly max: bigint }
  /** A number or a text, kept as it was written. */
  | { readonly kind: "number-or-text" }
  | { readonly kind: "list"; readonly of: Shape }
  | { readonly kind: "map"; readonly of: Shape }
  | RecordShape;

/** A record with a fixed order of members. */
export interface RecordShape {
  readonly kind: "record";
  readonly members: readonly Member[];
}

/** A member of a record. */
export interface Member {
  /** Its key in JSON and in code. */
  readonly key: string;
  /** Its key in build.yml. */
  readonly yamlKey: string;
  readonly shape: Shape;
  /** When it is written: always, if it is neither empty nor zero, or if it was given at all. */
  readonly written: "always" | "filled" | "given";
  /** True for a record whose members stand in YAML under `yamlKey`, but in JSON among those of the outer record. */
  readonly embedded?: true;
}

/** Any text. */
export const text: Shape = { kind: "text" };
/** True or false. */
export const boolean: Shape = { kind: "boolean" };
/** A user or group: number or name. */
export const numberOrText: Shape = { kind: "number-or-text" };

/** A whole number of so many bits. */
export function integer(bits: 16 | 32 | 64, sign: "signed" | "unsigned"): Shape {
  const [min, top] = sign === "signed" ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1)] : [0n, 2n ** BigInt(bits)];
  return { kind: "integer", min, max: top - 1n };
}

/** A list. */
export function listOf(of: Shape): Shape {
  return { kind: "list", of };
}

/** A map from texts. */
export function mapOf(of: Shape): Shape {
  return { kind: "map", of };
}

/** A record; its members in the order in which they are written. */
export function record(...members: readonly Member[]): RecordShape {
  return { kind: "record", members };
}

/** A member that is written if it was given, even when it is empty. */
export function given(key: string, shape: Shape): Member {
  return { key, yamlKey: key, shape, written: "given" };
}

/** A member that is left out when it is empty or zero. */
export function filled(key: string, shape: Shape): Member {
  return { key, yamlKey: key, shape, written: "filled" };
}

/** A member that is always written. */
export function always(key: string, shape: Shape): Member {
  return { key, yamlKey: key, shape, written: "always" };
}
