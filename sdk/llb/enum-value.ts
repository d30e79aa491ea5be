import { decodeError } from "./decoding/proto-reader.ts";

/** The name of an enum's value. */
export function enumName<Name extends string>(values: Readonly<Record<Name, number>>, value: number): Name {
  for (const name of Object.keys(values)) {
    if (isName(values, name) && values[name] === value) return name;
  }
  throw decodeError(`${value} is not one of ${Object.keys(values).join(", ")}`);
}

function isName<Name extends string>(values: Readonly<Record<Name, number>>, name: string): name is Name {
  return Object.hasOwn(values, name);
}
