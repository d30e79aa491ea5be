import { InputError } from "../core/errors.ts";

/** How images are made to depend on nothing but what goes into them. */
export interface ReproducibleOptions {
  /** No time in an image is later, seconds since 1970. Default 0: a tag stands for a tree, not for a commit. */
  readonly epochSeconds?: number;
}

/** What a package keeps of it. */
export interface Reproducible {
  readonly epochSeconds: number;
}

/** @throws InputError `INPUT_OPTION_INVALID` */
export function reproducibleOf({ epochSeconds = 0 }: ReproducibleOptions): Reproducible {
  if (Number.isSafeInteger(epochSeconds) && epochSeconds >= 0) return Object.freeze({ epochSeconds });
  throw new InputError("INPUT_OPTION_INVALID", `${epochSeconds} is no number of seconds since 1970`, {
    hint: "Give a whole number that is not negative.",
  });
}
