import { ContentError } from "../../../core/errors.ts";
import { isRecord } from "../../../core/json.ts";
import { type Descriptor, parseDescriptor } from "../../model/descriptor.ts";

/** The entries of a damaged index.json that can still be read: those that stand in it whole. */
export function salvageEntries(text: string): readonly Descriptor[] {
  const start = text.indexOf('"manifests"');
  if (start < 0) return [];
  return [...wholeObjects(text.slice(start))].flatMap((object) => parseEntry(object) ?? []);
}

/** The outermost objects of a text, as far as it goes. */
function* wholeObjects(text: string): Generator<string> {
  let depth = 0;
  let start = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{") {
      if (depth === 0) start = at;
      depth += 1;
    } else if (character === "}" && depth > 0) {
      depth -= 1;
      if (depth === 0) yield text.slice(start, at + 1);
    }
  }
}

function parseEntry(text: string): Descriptor | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? parseDescriptor(value, "index.json") : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof ContentError) return undefined;
    throw cause;
  }
}
