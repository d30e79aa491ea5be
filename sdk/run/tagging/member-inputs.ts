import { digestHex, digestOf } from "../../core/digest.ts";
import { canonicalJson } from "../../core/json.ts";
import type { TagInput, TagInputKind } from "../../plan/tag-inputs.ts";

/** An input of which it is not said whether the tag covers it. */
export type UntaggedInput = Omit<TagInput, "inTag">;

/** Members of a package's inputs that hold one input each, and of which kind that is. */
const KINDS: Readonly<Record<string, TagInputKind>> = {
  buildArgs: "buildArg",
  contexts: "directory",
  directories: "directory",
};

/** One member of a package's inputs as the inputs that it holds. */
export function memberInputs([name, value]: readonly [string, unknown]): readonly UntaggedInput[] {
  if (value === undefined) return [];
  if (name === "recipe") return [{ kind: "recipe", name, value: digestHex(digestOf(canonicalJson(value))) }];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [{ kind: "setting", name, value: valueText(value) }];
  }
  if (name === "packages") return Object.entries(value).map(([used, inputs]) => usedPackage(used, String(inputs)));
  const kind = KINDS[name];
  return Object.entries(value).map(([member, inner]) => {
    const text = valueText(inner);
    if (kind === undefined) return { kind: "setting", name: `${name}.${member}`, value: text };
    return { kind: text.startsWith("docker-image://") ? "dependency" : kind, name: member, value: text };
  });
}

/** By its name, so that another tag is another value. */
function usedPackage(used: string, inputs: string): UntaggedInput {
  const [reference = "", platform = ""] = used.split(" ");
  const name = reference.slice(0, reference.lastIndexOf(":"));
  return {
    kind: "dependency",
    name: `${name} ${platform}`,
    value: inputs === "" ? reference : `${reference} ${inputs}`,
  };
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : canonicalJson(value);
}
