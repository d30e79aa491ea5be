import type { Invocation } from "./command.ts";

/** The values of a flag that takes commas and may be repeated; undefined if it was not given. */
export function commaList(invocation: Invocation, name: string): readonly string[] | undefined {
  const values = invocation
    .list(name)
    .flatMap((value) => value.split(","))
    .map((value) => value.trim());
  const present = values.filter((value) => value !== "");
  return present.length === 0 ? undefined : present;
}
