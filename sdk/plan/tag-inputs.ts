import { digestHex, digestOf } from "../core/digest.ts";
import { canonicalJson } from "../core/json.ts";
import type { PlatformText } from "../core/platform.ts";
import { compareUtf8 } from "../core/utf8-order.ts";

/**
 * What kind of thing goes into an image: what git has of its directories (`tree`), build arguments, other packages and
 * images (`dependency`), directories elsewhere, what its recipe comes to, or any other setting.
 */
export type TagInputKind = "tree" | "buildArg" | "dependency" | "directory" | "recipe" | "setting";

/** One thing that goes into a package's images. */
export interface TagInput {
  readonly kind: TagInputKind;
  /** Unique within its kind and platform: the name of an argument or a setting, the path of a directory. */
  readonly name: string;
  /** A digest, a reference, or the value itself; a value with members as JSON. Secrets are never among them. */
  readonly value: string;
  /** Of inputs that differ between platforms; absent where all platforms have the same. */
  readonly platform?: PlatformText;
  /** Whether another value gives another tag. What does not is recorded with the image. */
  readonly inTag: boolean;
}

/** What a package's tag was made from, and what else goes into its images. */
export interface TagExplanation {
  /** `org/image:tag`. */
  readonly reference: string;
  readonly tag: string;
  /** Whether the tag covers all the inputs, and not the tree alone. */
  readonly transitive: boolean;
  /** By kind, name and platform. */
  readonly inputs: readonly TagInput[];
}

/** As many hex digits as git's own. */
const HASH_DIGITS = 40;

/** One hash for all inputs. Each platform of a package has the same, as its index has one tag. */
export function transitiveHash(inputs: readonly TagInput[]): string {
  const lines = sortTagInputs(inputs).map(({ kind, name, value, platform = "" }) => [kind, name, platform, value]);
  return digestHex(digestOf(canonicalJson(lines))).slice(0, HASH_DIGITS);
}

/** By kind, name and platform. */
export function sortTagInputs(inputs: readonly TagInput[]): readonly TagInput[] {
  const key = ({ kind, name, platform = "" }: TagInput) => `${kind}\0${name}\0${platform}`;
  return [...inputs].sort((left, right) => compareUtf8(key(left), key(right)));
}
