import { InputError } from "../core/errors.ts";
import { deepFreeze } from "../core/freeze.ts";
import { parseReference } from "../oci/model/reference.ts";

/** A frontend that lives in an image, in place of the engine's own for Dockerfiles. */
export interface FrontendImage {
  readonly image: string;
  /** Options that the frontend knows, beside those that every build has. */
  readonly options: Readonly<Record<string, string>>;
}

/** What `frontend()` takes besides the image. */
export interface FrontendOptions {
  /** Options that the frontend knows, such as `message`. Those of the Dockerfile frontend are set by other methods. */
  readonly options?: Readonly<Record<string, string>>;
}

/** Where things lie, and what for: a build says that itself. */
const OWN_OPTIONS: ReadonlySet<string> = new Set([
  ...["source", "cmdline", "platform", "multi-platform", "contextkey", "dockerfilekey", "requestid", "cache-imports"],
]);

/**
 * A frontend in an image.
 *
 * @throws InputError `INPUT_REFERENCE_INVALID`, `INPUT_OPTION_INVALID` for an option that the build sets itself
 */
export function frontendImageOf(image: string, { options = {} }: FrontendOptions = {}): FrontendImage {
  parseReference(image);
  const own = Object.keys(options).find((name) => name === "" || OWN_OPTIONS.has(name));
  if (own !== undefined) {
    throw new InputError("INPUT_OPTION_INVALID", `the option "${own}" of a frontend cannot be given`, {
      hint: "It is set by the build itself.",
      details: { option: own },
    });
  }
  return deepFreeze({ image, options: { ...options } });
}
