import { digestHex, digestOf } from "../core/digest.ts";
import { canonicalJson } from "../core/json.ts";

/** The annotation that records what an image was made from besides its tree. */
export const INPUTS_ANNOTATION = "io.kitsmith.inputs";

/**
 * The digest of what goes into an image without being covered by its tag, in 64 hex digits.
 * Undefined if there is nothing of that kind: such images carry no annotation, as LinuxKit's own do not.
 */
export function inputsDigest(inputs: Readonly<Record<string, unknown>>): string | undefined {
  const present = Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isEmpty(value)));
  return Object.keys(present).length === 0 ? undefined : digestHex(digestOf(canonicalJson(present)));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}
