import type { OpInput } from "./op.ts";

/** The inputs of an op while it is put together: each output of an op stands there once. */
export class InputList {
  readonly list: OpInput[] = [];

  /** The place of an input; it is added if it is new. */
  add(input: OpInput): number {
    const known = this.list.findIndex(({ digest, index }) => digest === input.digest && index === input.index);
    return known >= 0 ? known : this.list.push(input) - 1;
  }
}
